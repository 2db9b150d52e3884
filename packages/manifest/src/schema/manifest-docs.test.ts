import { readFileSync } from 'node:fs';
import { contractOf, type DeclaredTask, type JsonSchema } from '@summit/maestro-sdk';
import { tasks } from '@summit/maestro-tasks-core';
import { expect, it } from 'vitest';
import { compile } from '../compile/compile.ts';
import { lint } from '../lint/lint.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { runbookSchema } from './runbook-schema.ts';
import { workflowSchema } from './workflow-schema.ts';

const page = readFileSync(new URL('../../../../docs/manifest.md', import.meta.url), 'utf8');

function fieldsOf(schema: JsonSchema): string[] {
  const {
    properties = {},
    items,
    anyOf = [],
  } = schema as { properties?: { [name: string]: JsonSchema }; items?: JsonSchema; anyOf?: JsonSchema[] };
  const below = [...Object.values(properties), ...(items ? [items] : []), ...anyOf];
  return [...Object.keys(properties), ...below.flatMap(fieldsOf)];
}

it('names every field of the language', () => {
  const prose = page.replace(/```yaml[\s\S]*?```/g, '');
  const written = new Set([...prose.matchAll(/`([^`]+)`/g)].flatMap(([, text]) => (text as string).split(/[^A-Za-z]+/)));
  const fields = new Set([...fieldsOf(runbookSchema), ...fieldsOf(workflowSchema)]);
  expect([...fields].filter((field) => !written.has(field))).toEqual([]);
});

it('shows an example that lints clean', () => {
  const contracts = tasks.map((task) => contractOf(task as unknown as DeclaredTask));
  const text = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] as string;
  const { catalog } = parseCatalog([{ path: 'manifest.md', text }]);
  expect(lint(catalog, contracts)).toEqual([]);
  expect(compile(catalog, contracts, 'refresh-caches').plan?.tasks.map(({ id }) => id)).toEqual(['refresh', 'settle', 'nothing-to-settle']);
});
