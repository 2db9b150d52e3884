import type { Node, ScalarStyle } from '../parse/node.ts';
import { quote } from '../parse/unquoted.ts';
import type { Checking, SchemaProblem } from './problem.ts';
import { type AnySchema, isSchema, keyword } from './refs.ts';
import { checkString } from './scalar.ts';

/** Adds the way out to a value of the wrong type, where it is one of the usual slips: quotes too many or too few, a list of one. */
export function adviseOnType(
  checker: Checking,
  problem: SchemaProblem,
  node: Node,
  schema: { [keyword: string]: unknown },
  types: string[],
): SchemaProblem {
  if (node.kind !== 'scalar' || node.value === null) return problem;
  const advise = (hint: string, replacement: string): SchemaProblem => ({ ...problem, hint: `${hint}: ${replacement}`, replacement });
  const source = node.token && 'source' in node.token ? node.token.source : undefined;
  if (types.includes('string') && typeof node.value !== 'string' && source !== undefined) {
    return checkString(checker, schema, node, source, problem.path).length === 0 ? advise('quote it', quote(source)) : problem;
  }
  if (typeof node.value !== 'string') return problem;
  if (types.includes('boolean')) return adviseOnBoolean(problem, node.value, advise);
  const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?$/.test(node.value);
  if (isNumber && (types.includes('number') || (types.includes('integer') && !node.value.includes('.')))) {
    return advise('write it without quotes', node.value);
  }
  const bare = /^\$((?:params|inputs|tasks|secrets|run)\b.*)$/.exec(node.value);
  if (bare) return advise('an expression stands in braces', quote(`\${${bare[1]}}`));
  const items = keyword(schema, 'items');
  const ofStrings = isSchema(items) && takesText(items);
  return types.includes('array') && ofStrings && source !== undefined
    ? advise('write it as a list', `[${asItem(node.value, node.style, source)}]`)
    : problem;
}

/** A string as it is written between brackets, where more characters have a meaning. */
function asItem(value: string, style: ScalarStyle, source: string): string {
  if (style === 'single' || style === 'double') return source;
  return style === 'plain' && /^[\w./@:-]+$/.test(source) ? source : quote(value);
}

/** How values of the one type that is right are written. */
export function hintOnType({ kind, types }: SchemaProblem): string | undefined {
  return kind === 'type' && types?.length === 1 ? forms[types[0] as string] : undefined;
}

const forms: { [type: string]: string } = {
  string: 'write text, in quotes where it has special characters',
  integer: 'write a whole number, without quotes',
  number: 'write a number, without quotes',
  boolean: 'write true or false',
  object: 'write key: value lines below it, or { key: value }',
  array: 'write one line with "- " for each item below it, or [a, b]',
};

function takesText(schema: AnySchema): boolean {
  if (typeof schema === 'boolean') return schema;
  const branches = keyword(schema, 'anyOf');
  return (
    keyword(schema, 'type') === 'string' || (Array.isArray(branches) && branches.some((branch) => isSchema(branch) && takesText(branch)))
  );
}

/** What other tools, and YAML 1.1, take for true and false. */
const booleans: { [text: string]: string } = { true: 'true', yes: 'true', on: 'true', false: 'false', no: 'false', off: 'false' };

function adviseOnBoolean(
  problem: SchemaProblem,
  text: string,
  advise: (hint: string, replacement: string) => SchemaProblem,
): SchemaProblem {
  const word = text.toLowerCase();
  return Object.hasOwn(booleans, word) ? advise('write', booleans[word] as string) : problem;
}
