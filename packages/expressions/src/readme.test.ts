import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import * as expressions from './index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('prints what the README says', async () => {
  const code = (/```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '').replace(/^import.*$/m, '');
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((value) => printed.push(String(value)));
  new Function(...Object.keys(expressions), code)(...Object.values(expressions));
  log.mockRestore();
  expect(printed).toEqual([...readme.matchAll(/\/\/ prints: (.*)$/gm)].map((match) => match[1]));
});

it('names only what the package exports', () => {
  const named = [...readme.slice(readme.indexOf('| function')).matchAll(/`(\w+)(?:\([^`]*\))?`/g)].map((match) => match[1] as string);
  expect(named.filter((name) => !(name in expressions))).toEqual([]);
});
