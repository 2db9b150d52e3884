import { choices } from '@summit/maestro-expressions/text';
import type { Node, Path } from '../parse/node.ts';
import { choiceProblem } from './choice.ts';
import { found, shown, typeOf, typeTitle } from './describe.ts';
import { missingProblem } from './object.ts';
import type { Checking, SchemaProblem } from './problem.ts';
import { type AnySchema, isSchema, keyword } from './refs.ts';

type Schema = { [keyword: string]: unknown };

/** The keywords that combine schemas. */
export function checkAlternatives(checker: Checking, schema: Schema, node: Node, path: Path): SchemaProblem[] {
  return [
    ...all(checker, schema, node, path),
    ...any(checker, keyword(schema, 'anyOf'), node, path, false),
    ...any(checker, keyword(schema, 'oneOf'), node, path, true),
    ...not(checker, schema, node, path),
    ...conditional(checker, schema, node, path),
  ];
}

function schemas(value: unknown): AnySchema[] {
  return Array.isArray(value) ? value.filter(isSchema) : [];
}

function all(checker: Checking, schema: Schema, node: Node, path: Path): SchemaProblem[] {
  return schemas(keyword(schema, 'allOf')).flatMap((part) => checker.check(part, node, path));
}

function not(checker: Checking, schema: Schema, node: Node, path: Path): SchemaProblem[] {
  const refused = keyword(schema, 'not');
  if (!isSchema(refused) || checker.isOpen(node) || checker.check(refused, node, path).length > 0) return [];
  const why = typeof refused === 'boolean' ? undefined : keyword(refused, 'description');
  const problem: SchemaProblem = { kind: 'value', node, path, text: `must not be ${found(node)}` };
  return [typeof why === 'string' ? { ...problem, hint: why } : problem];
}

function conditional(checker: Checking, schema: Schema, node: Node, path: Path): SchemaProblem[] {
  const condition = keyword(schema, 'if');
  if (!isSchema(condition) || checker.isOpen(node)) return [];
  const then = keyword(schema, checker.check(condition, node, path).length === 0 ? 'then' : 'else');
  return isSchema(then) ? checker.check(then, node, path) : [];
}

/** Of several alternatives the value has to fit one: if it fits none, the one it comes closest to is what was meant. */
function any(checker: Checking, value: unknown, node: Node, path: Path, exactlyOne: boolean): SchemaProblem[] {
  const branches = schemas(value).map((branch) => ({ branch: checker.resolve(branch), problems: checker.check(branch, node, path) }));
  if (branches.length === 0) return [];
  const fitting = branches.filter(({ problems }) => problems.length === 0);
  if (fitting.length === 1 || (fitting.length > 1 && !exactlyOne)) return [];
  if (fitting.length > 1) return tooMany(checker, fitting, node, path);
  const sameType = branches.filter(({ problems }) => !problems.some((problem) => problem.node === node && problem.kind === 'type'));
  if (sameType.length === 0) return [typeProblem(branches, node, path)];
  const meant = discriminated(sameType, node);
  const fewest = Math.min(...meant.map(({ problems }) => problems.length));
  const closest = meant.filter(({ problems }) => problems.length === fewest).map(({ problems }) => problems);
  return merged(checker, closest, node, path);
}

interface Branch {
  branch: AnySchema;
  problems: SchemaProblem[];
}

/** Only one may fit. Where the alternatives are fields (`oneOf: [{required: [a]}, {required: [b]}]`) say which. */
function tooMany(checker: Checking, fitting: Branch[], node: Node, path: Path): SchemaProblem[] {
  const names = fitting.map(({ branch }) => requiredOnly(branch));
  if (node.kind === 'map' && names.every((list) => list !== undefined)) {
    return [{ kind: 'value', node, path, text: `must have only one of ${choices(names.flat(), 'and')}` }];
  }
  if (checker.isOpen(node)) return [];
  return [{ kind: 'value', node, path, text: `fits ${fitting.length} alternatives where only one is allowed` }];
}

/** The fields of a schema that says nothing but that they are required. */
function requiredOnly(schema: AnySchema): string[] | undefined {
  if (typeof schema === 'boolean' || Object.keys(schema).some((name) => name !== 'required' && name !== 'type')) return undefined;
  const required = keyword(schema, 'required');
  return Array.isArray(required) ? required.map(String) : undefined;
}

/** All alternatives want another type: say which there are. */
function typeProblem(branches: Branch[], node: Node, path: Path): SchemaProblem {
  const first = branches[0]?.problems.find((problem) => problem.node === node) as SchemaProblem;
  const kinds = branches.map(({ problems }) => problems.find((problem) => problem.node === node && problem.kind === 'type'));
  if (branches.length === 1 || kinds.some((problem) => problem?.types === undefined)) return first;
  const values = kinds.flatMap((problem) => problem?.allowed ?? []).map(shown);
  const types = kinds.flatMap((problem) => (problem?.allowed ? [] : (problem?.types ?? [])));
  const expected = [...new Set(values), ...(types.length > 0 ? [typeTitle(types)] : [])].join(' or ');
  return {
    kind: 'type',
    node,
    path,
    types: kinds.flatMap((problem) => problem?.types ?? []),
    text: `must be ${expected}, found ${found(node)}`,
  };
}

/** Alternatives that name the value's own constant (`kind: a`) were meant, whatever else is wrong with it. */
function discriminated(branches: Branch[], node: Node): Branch[] {
  if (node.kind !== 'map') return branches;
  const matching = branches.filter(({ branch }) => {
    const properties = typeof branch === 'boolean' ? undefined : keyword(branch, 'properties');
    if (typeof properties !== 'object' || properties === null) return false;
    return Object.entries(properties).some(([name, schema]) => {
      const value = node.entries.get(name)?.value;
      if (value?.kind !== 'scalar' || !isSchema(schema) || typeof schema === 'boolean') return false;
      return Object.hasOwn(schema, 'const') && schema.const === value.value && typeOf(value) === 'string';
    });
  });
  return matching.length > 0 ? matching : branches;
}

/** Several alternatives are equally near: tell them in one finding where that can be said, else tell the first. */
function merged(checker: Checking, candidates: SchemaProblem[][], node: Node, path: Path): SchemaProblem[] {
  const first = candidates[0] ?? [];
  const singles = candidates.flatMap((problems) => (problems.length === 1 ? problems : []));
  if (candidates.length === 1 || singles.length !== candidates.length) return first;
  if (node.kind === 'map' && singles.every((problem) => problem.kind === 'missing' && problem.node === node)) {
    const names = new Set(singles.flatMap((problem) => problem.missing ?? []));
    return names.size === 1 ? first : [missingProblem(checker, node, path, [...names], 'or')];
  }
  if (singles.every((problem) => problem.node === node && problem.allowed)) {
    return [choiceProblem(node, path, [...new Set(singles.flatMap((problem) => problem.allowed ?? []))])];
  }
  return first;
}
