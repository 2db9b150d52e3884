import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

it('imports nothing of Node: the package runs in a browser', () => {
  const root = import.meta.dirname;
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  expect(sources.length).toBeGreaterThan(50);
  const offenders = sources.filter((name) =>
    /from 'node:|import\('node:|\bprocess\.|\bBuffer\b|\brequire\(/.test(readFileSync(path.join(root, name), 'utf8')),
  );
  expect(offenders).toEqual([]);
});
