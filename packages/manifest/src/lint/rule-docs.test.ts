import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { folder, pages } from '../../scripts/rule-docs.ts';

it('every rule has its page in docs/rules, every page its rule, and both say the same', () => {
  const written = new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
  // Not the same? node packages/manifest/scripts/rule-docs.ts
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(pages()));
});
