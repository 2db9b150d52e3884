import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import { expect, it } from 'vitest';
import { applyFixes, lint, parseCatalog } from '../index.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
const head =
  'apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: a, version: 1.0.0 }\nspec:\n  parameters: [{ name: n, type: integer, default: 1 }]\n  tasks:\n';

it.each([
  ['an expression without braces', '{ id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: $params.n } }', 'ms: "${params.n}"'],
  ['a list that is one text with brackets', '{ id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, needs: "x]y" }', 'needs: ["x]y"]'],
  ['keys as JSON writes them', '{"id":"a","usess":"tasks/wait.sleep@0.1.0","with":{"ms":1}}', '"uses":"tasks/wait.sleep@0.1.0"'],
  ['two fields that look like one', '{ id: a, uses: tasks/wait.sleep@0.1.0, with: { m: 1, s: 2 } }', 'with: { ms: 1, s: 2 }'],
  ['a control character', '{ id: a, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 }, when: "\\0params.n" }', 'when: "${\\u0000params.n}"'],
])('fixes leave YAML behind: %s', (_, task, mended) => {
  const text = `${head}    - ${task}\n`;
  const found = lint(parseCatalog([{ path: 'a.yaml', text }]).catalog, contracts);
  const { text: next, applied } = applyFixes(text, found);
  expect(applied).toBeGreaterThan(0);
  expect(next).toContain(mended);
  expect(parseCatalog([{ path: 'a.yaml', text: next }]).diagnostics.filter(({ code }) => code === 'yaml-syntax')).toEqual([]);
});
