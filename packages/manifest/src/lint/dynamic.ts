import { alternatives, assignable, type ExprType, joinAll, typeName } from '@summit/maestro-expressions';
import { typesOf } from '../schema/choice.ts';
import { typeTitle } from '../schema/describe.ts';
import type { Dynamic } from '../schema/problem.ts';
import { type AnySchema, isSchema, keyword } from '../schema/refs.ts';
import type { Analysis } from './analysis.ts';

/** What a string with `${` can become, for holding it against a schema. */
export function dynamicOf({ value }: Analysis): Dynamic | { literal: string } {
  switch (value.kind) {
    case 'literal':
      return { literal: value.text };
    case 'expression':
      return {
        accepts: (schema) => acceptsType(schema, value.type, value.source),
        ...(value.mayBeAbsent ? { mayBeAbsent: true } : {}),
      };
    case 'text':
      return { accepts: (schema) => acceptsText(schema, 'text with an expression in it') };
    case 'secret':
      return { accepts: (schema) => acceptsText(schema, 'a secret, which is text') };
    case 'unknown':
      return { accepts: () => ({ ok: true }) };
  }
}

function acceptsType(schema: AnySchema, type: ExprType, source: string): ReturnType<Dynamic['accepts']> {
  if (typeof schema === 'boolean') return schema ? { ok: true } : { ok: false, expected: 'nothing', found: typeName(type) };
  const answer = assignable(type, schema);
  if (answer.ok) return answer;
  const present = alternatives(type).filter(({ kind }) => kind !== 'null');
  if (present.length < alternatives(type).length && present.length > 0 && assignable(joinAll(present), schema).ok) {
    return { ...answer, hint: `it may be null; say what then: \${${source} != null ? ${source} : ...}` };
  }
  const convert = conversions.find(([from, to]) => from.includes(type.kind) && assignable({ kind: to }, schema).ok);
  return convert ? { ...answer, hint: `convert it: \${${convert[2]}(${source})}` } : answer;
}

/** Types that are easily turned into another one, and by which function. */
const conversions: [from: ExprType['kind'][], to: 'string' | 'int' | 'double', name: string][] = [
  [['int', 'double', 'number', 'bool'], 'string', 'string'],
  [['string', 'double', 'number'], 'int', 'int'],
  [['string'], 'double', 'double'],
];

/** What the text will be is not known, only that it is text. */
function acceptsText(schema: AnySchema, found: string): ReturnType<Dynamic['accepts']> {
  const types = textless(schema);
  return types === undefined ? { ok: true } : { ok: false, expected: typeTitle(types), found };
}

/** The types of a schema that no text fits; `undefined` where text may fit. */
function textless(schema: AnySchema): string[] | undefined {
  if (typeof schema === 'boolean') return schema ? undefined : [];
  const types = typesOf(schema);
  if (types && !types.includes('string')) return types;
  // What the text will be is not known.
  const values = 'const' in schema ? [keyword(schema, 'const')] : keyword(schema, 'enum');
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value));
  if (types) return undefined;
  for (const name of ['anyOf', 'oneOf']) {
    const branches = keyword(schema, name);
    if (!Array.isArray(branches)) continue;
    const all = branches.filter(isSchema).map(textless);
    if (all.length > 0 && all.every((branch) => branch !== undefined)) return all.flat();
  }
  return undefined;
}
