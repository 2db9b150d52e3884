import type { JsonSchema } from '@summit/maestro-sdk';
import type { Session } from '../../lint/session.ts';
import { nodeAt } from '../../parse/node.ts';
import { isSchema, keyword } from '../../schema/refs.ts';
import { fieldSchema } from '../field-schema.ts';
import { fieldText } from '../hover.ts';
import type { Spot } from '../spot.ts';
import type { Completion } from './item.ts';

/** The fields that a mapping does not have yet, of the language or of what a task takes; `undefined` where no key stands. */
export function fieldCompletions(session: Session, { manifest, path, entry, onKey }: Spot): Completion[] | undefined {
  if (!onKey || !entry) return undefined;
  const parent = path.slice(0, -1);
  const schema = fieldSchema(session, manifest, parent);
  if (!schema) return undefined;
  const map = nodeAt(manifest.root, parent);
  const present = new Set(map?.kind === 'map' ? map.entries.keys() : []);
  present.delete(entry.name);
  const range = manifest.file.range(entry.key.start, entry.key.end);
  return propertiesOf(schema).flatMap(([name, property]): Completion[] =>
    present.has(name) ? [] : [{ kind: 'field', label: name, newText: name, range, ...explained(name, property) }],
  );
}

/** The values that a field may have, where they can be counted. */
export function valueCompletions(session: Session, { manifest, path, node, entry, onKey }: Spot, offset: number): Completion[] | undefined {
  if (onKey || !entry || node.kind !== 'scalar') return undefined;
  const schema = fieldSchema(session, manifest, path);
  const values = schema && valuesOf(schema);
  if (!values) return undefined;
  const range = node.empty ? manifest.file.range(offset, offset) : manifest.file.range(node.start, node.end);
  return values.map((value) => ({
    kind: 'value',
    label: String(value),
    newText: JSON.stringify(value).replace(/^"([A-Za-z][\w-]*)"$/, '$1'),
    range,
  }));
}

function valuesOf(schema: JsonSchema): unknown[] | undefined {
  const { enum: values, type } = schema;
  if (Array.isArray(values)) return values.filter((value) => typeof value !== 'object' || value === null);
  if (Object.hasOwn(schema, 'const')) return [schema.const];
  return type === 'boolean' ? [true, false] : undefined;
}

function propertiesOf(schema: JsonSchema): [string, unknown][] {
  const own = keyword(schema, 'properties');
  const found = typeof own === 'object' && own !== null ? Object.entries(own) : [];
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    const branches = keyword(schema, name);
    if (!Array.isArray(branches)) continue;
    for (const branch of branches) if (isSchema(branch) && typeof branch === 'object') found.push(...propertiesOf(branch));
  }
  return [...new Map(found)];
}

function explained(name: string, schema: unknown): { detail?: string; text?: string } {
  if (!isSchema(schema) || typeof schema === 'boolean') return {};
  const text = fieldText(name, schema);
  return { ...(typeof schema.type === 'string' ? { detail: schema.type } : {}), ...(text === undefined ? {} : { text }) };
}
