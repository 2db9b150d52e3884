import { nearest } from '@summit/maestro-expressions/text';
import { type Node, type Path, toJson } from '../parse/node.ts';
import { quote } from '../parse/unquoted.ts';
import { found, shown } from './describe.ts';
import type { SchemaProblem } from './problem.ts';
import { keyword } from './refs.ts';

/** The types a schema names; `undefined` where it names none. */
export function typesOf(schema: { [keyword: string]: unknown }): string[] | undefined {
  const type = keyword(schema, 'type');
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.filter((name) => typeof name === 'string') : undefined;
}

/** The value is none of those there are. */
export function choiceProblem(node: Node, path: Path, allowed: unknown[]): SchemaProblem {
  const shownValues = allowed.map(shown);
  const many = shownValues.length > 12 ? [...shownValues.slice(0, 12), `${shownValues.length - 12} more`] : shownValues;
  const last = many.at(-1);
  const list = many.length > 1 ? `${many.slice(0, -1).join(', ')} or ${last}` : `${last ?? 'nothing'}`;
  const text = `must be ${list}, found ${found(node)}`;
  // A value of another type altogether: among alternatives this one was not meant.
  const types = [...new Set(allowed.map(jsonType))];
  const kind = types.includes(jsonType(node.kind === 'scalar' ? node.value : toJson(node))) ? 'value' : 'type';
  const problem: SchemaProblem = { kind, node, path, text, allowed, types };
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return problem;
  const [near] = nearest(
    node.value,
    allowed.filter((value) => typeof value === 'string'),
  );
  if (near === undefined) return problem;
  return {
    ...problem,
    text: `${text}; did you mean ${shown(near)}?`,
    hint: `write ${near}`,
    replacement: /^[a-z][a-z0-9-]*$/i.test(near) ? near : quote(near),
  };
}

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
