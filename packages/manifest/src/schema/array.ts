import { counted } from '@summit/maestro-expressions/text';
import { type Path, type SeqNode, toJson } from '../parse/node.ts';
import { canonical, found } from './describe.ts';
import { type Checking, MOST_PROBLEMS, type SchemaProblem } from './problem.ts';
import { isSchema, keyword } from './refs.ts';

type Schema = { [keyword: string]: unknown };

/** Items one by one, then what is asked of the list as a whole. */
export function checkArray(checker: Checking, schema: Schema, node: SeqNode, path: Path): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const { fixed, rest } = itemSchemas(schema);
  for (const [index, item] of node.items.entries()) {
    if (problems.length >= MOST_PROBLEMS) break;
    const itemSchema = index < fixed.length ? fixed[index] : rest;
    if (!isSchema(itemSchema)) continue;
    if (itemSchema === false && index >= fixed.length) {
      problems.push({ kind: 'value', node, path, text: `must have at most ${counted(fixed.length, 'item')}, found ${node.items.length}` });
      break;
    }
    problems.push(...checker.check(itemSchema, item, [...path, index]));
  }
  problems.push(...sizeProblems(schema, node, path), ...duplicates(checker, schema, node, path), ...contained(checker, schema, node, path));
  return problems;
}

/** `items` as a list is draft-07's way to say `prefixItems`. */
function itemSchemas(schema: Schema): { fixed: unknown[]; rest: unknown } {
  const items = keyword(schema, 'items');
  if (Array.isArray(items)) return { fixed: items, rest: keyword(schema, 'additionalItems') };
  const prefix = keyword(schema, 'prefixItems');
  return { fixed: Array.isArray(prefix) ? prefix : [], rest: items };
}

function sizeProblems(schema: Schema, node: SeqNode, path: Path): SchemaProblem[] {
  const least = keyword(schema, 'minItems');
  const most = keyword(schema, 'maxItems');
  const size = node.items.length;
  const problem = (text: string): SchemaProblem[] => [{ kind: 'value', node, path, text: `${text}, found ${found(node)}` }];
  if (typeof least === 'number' && size < least)
    return problem(least === 1 ? 'must not be empty' : `must have at least ${counted(least, 'item')}`);
  if (typeof most === 'number' && size > most) return problem(`must have at most ${counted(most, 'item')}`);
  return [];
}

function duplicates(checker: Checking, schema: Schema, node: SeqNode, path: Path): SchemaProblem[] {
  if (keyword(schema, 'uniqueItems') !== true || !checker.spend(node.items.length)) return [];
  const seen = new Set<string>();
  const problems: SchemaProblem[] = [];
  for (const [index, item] of node.items.entries()) {
    if (checker.isOpen(item)) continue;
    const key = canonical(toJson(item));
    if (seen.has(key))
      problems.push({ kind: 'value', node: item, path: [...path, index], text: `is there already: ${found(item)}`, hint: 'remove it' });
    seen.add(key);
  }
  return problems;
}

function contained(checker: Checking, schema: Schema, node: SeqNode, path: Path): SchemaProblem[] {
  const wanted = keyword(schema, 'contains');
  if (!isSchema(wanted) || checker.isOpen(node)) return [];
  const least = keyword(schema, 'minContains') ?? 1;
  const most = keyword(schema, 'maxContains') ?? Number.POSITIVE_INFINITY;
  const count = node.items.filter((item, index) => checker.check(wanted, item, [...path, index]).length === 0).length;
  if (count >= Number(least) && count <= Number(most)) return [];
  return [{ kind: 'value', node, path, text: `must contain ${count < Number(least) ? 'an item' : 'fewer items'} of the required kind` }];
}
