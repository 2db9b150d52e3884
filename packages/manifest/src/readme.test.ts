import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as door from './index.ts';

const root = new URL('../../../', import.meta.url);
const readme = readFileSync(new URL('packages/manifest/README.md', root), 'utf8');

it('the README names only what the package exports', () => {
  const table = readme.slice(readme.indexOf('| function'), readme.indexOf('A finding is data'));
  const names = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap((row) =>
    [...(row[1] as string).matchAll(/`(\w+)/g)].map((match) => match[1] as string),
  );
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !(name in door))).toEqual([]);
});

it('the example of the README prints what it says', async () => {
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] as string;
  const body = code
    .replace(/^import .*$/gm, '')
    .replaceAll("readFileSync('", "readFileSync(root + '")
    .replace('readFileSync(path', 'readFileSync(root + path');
  const lines: unknown[][] = [];
  const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;
  const run = new AsyncFunction('root', 'readFileSync', 'console', ...Object.keys(door), body);
  await run(fileURLToPath(root), readFileSync, { log: (...values: unknown[]) => lines.push(values) }, ...Object.values(door));
  expect(lines).toEqual([
    [''],
    [['package: ops/disclosure.package@0.1.0'], expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
    ['unknown input "file"; did you mean "files"?'],
  ]);
});

it('the example for browsers does what it says', () => {
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1] as string;
  const imported = /^import \{ (.*) \} from '@summit\/maestro-manifest';$/m.exec(code)?.[1] ?? '';
  const names = imported.split(', ');
  const body = `${code.replace(/^import .*$/gm, '').replace('export function', 'function')}; return check;`;
  const check = new Function(...names, body)(...names.map((name) => Object.entries(door).find(([key]) => key === name)?.[1])) as (
    ...args: unknown[]
  ) => unknown;
  const text = readFileSync(new URL('runbooks/disclosure-packager.yaml', root), 'utf8');
  const contracts: unknown = JSON.parse(readFileSync(new URL('packages/manifest/testdata/contracts.json', root), 'utf8'));
  expect(check(text, contracts, 'disclosure-packager')).toEqual({ findings: [], tasks: ['package'] });
  expect(check(text.replace('outPath:', 'outPth:'), contracts, 'disclosure-packager')).toEqual({
    findings: [{ line: expect.any(Number), text: expect.stringContaining('did you mean "outPath"?') }],
    tasks: undefined,
  });
});
