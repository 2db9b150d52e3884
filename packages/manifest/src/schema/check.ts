import { cut } from '@summit/maestro-expressions/text';
import type { Node, Path } from '../parse/node.ts';
import { adviseOnType, hintOnType } from './advice.ts';
import { checkAlternatives } from './alternatives.ts';
import { checkArray } from './array.ts';
import { Budget, budgetFor } from './budget.ts';
import { choiceProblem, typesOf } from './choice.ts';
import { equals, found, typeOf, typeTitle } from './describe.ts';
import { checkObject } from './object.ts';
import type { Checking, CheckOptions, Dynamic, SchemaProblem } from './problem.ts';
import { type AnySchema, dereference, keyword } from './refs.ts';
import { checkNumber, checkString } from './scalar.ts';

/**
 * Holds a value of a document against a JSON Schema (2020-12 and draft-07, without `unevaluated*` and `$dynamicRef`).
 * Interprets the schema, generates no code, and tells one mistake once: of alternatives only the one that was meant.
 * Where a value is not known before the run (see `CheckOptions.dynamic`), only what is certainly wrong is a problem.
 */
export function checkValue(schema: AnySchema, node: Node, options: CheckOptions): SchemaProblem[] {
  // The schemas that come with the program are known to end.
  const budget = options.budget ?? (options.trustedPatterns ? new Budget(Number.POSITIVE_INFINITY) : budgetFor(node));
  const problems = new Checker(schema, options, budget).check(schema, node, []);
  if (!budget.exhausted) return problems;
  return budget.tell() ? [tooMuchWork(node)] : [];
}

function tooMuchWork(node: Node): SchemaProblem {
  const hint = 'make the schema simpler: no alternatives that refer to each other, no large repetitions {n,m} in patterns';
  return { kind: 'value', node, path: [], text: 'cannot be checked: its schema takes too much work', hint };
}

class Checker implements Checking {
  readonly options: CheckOptions;
  readonly #root: AnySchema;
  readonly #budget: Budget;
  #depth = 0;

  constructor(root: AnySchema, options: CheckOptions, budget: Budget) {
    this.#root = root;
    this.options = options;
    this.#budget = budget;
  }

  spend(steps: number): boolean {
    return this.#budget.take(steps);
  }

  check(schema: AnySchema, node: Node, path: Path): SchemaProblem[] {
    // Deeper than any document: the schema refers to itself without consuming a value.
    if (this.#depth > 200 || !this.#budget.take(1)) return [];
    this.#depth++;
    try {
      return this.#check(schema, node, path);
    } finally {
      this.#depth--;
    }
  }

  #check(schema: AnySchema, node: Node, path: Path): SchemaProblem[] {
    if (node.kind === 'scalar' && node.unreadable) return [];
    const resolved = this.resolve(schema);
    if (resolved === true) return [];
    if (resolved === false) return [{ kind: 'value', node, path, text: 'must not be given' }];
    const problems = this.#checkSchema(resolved, node, path);
    // Each is passed up through every schema around this one.
    this.spend(problems.length);
    return problems.map((problem) => withHint(problem, resolved, node));
  }

  #checkSchema(resolved: { [keyword: string]: unknown }, node: Node, path: Path): SchemaProblem[] {
    const dynamic = this.dynamic(node);
    if (dynamic) return fromDynamic(dynamic, this.#withDefinitions(resolved), node, path);
    return (
      this.#checkType(resolved, node, path) ??
      this.#checkChoice(resolved, node, path) ??
      withoutEchoes([...this.#checkKind(resolved, node, path), ...checkAlternatives(this, resolved, node, path)], node)
    );
  }

  /** The schema that counts: references followed. What cannot be followed accepts everything. */
  resolve(schema: AnySchema): AnySchema {
    const resolved = dereference(schema, this.#root) ?? true;
    if (typeof resolved === 'boolean' || typeof schema === 'boolean' || resolved === schema) return resolved;
    // Since 2019-09 keywords beside a $ref count too.
    const { $ref: _, ...beside } = schema;
    return Object.keys(beside).some((name) => !annotations.has(name)) ? { allOf: [resolved, beside] } : resolved;
  }

  /** A part of a schema taken out of it, with what its references refer to. */
  #withDefinitions(schema: { [keyword: string]: unknown }): { [keyword: string]: unknown } {
    const root = this.#root;
    if (typeof root === 'boolean' || schema === root) return schema;
    return root.$defs === undefined || schema.$defs !== undefined ? schema : { ...schema, $defs: root.$defs };
  }

  mayBeAbsent(node: Node): boolean {
    return this.dynamic(node)?.mayBeAbsent === true;
  }

  dynamic(node: Node): Dynamic | undefined {
    const view = node.kind === 'scalar' ? this.options.dynamic?.(node) : undefined;
    return view && 'accepts' in view ? view : undefined;
  }

  /** The text a string scalar stands for. */
  literal(node: Node): string | undefined {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
    const view = this.options.dynamic?.(node);
    return view && 'literal' in view ? view.literal : node.value;
  }

  /** Whether parts of the value are known only during the run. */
  isOpen(node: Node): boolean {
    if (!this.options.dynamic) return false;
    if (node.kind === 'scalar') return this.dynamic(node) !== undefined;
    if (node.kind === 'seq') return node.items.some((item) => this.isOpen(item));
    return [...node.entries.values()].some((entry) => this.isOpen(entry.value));
  }

  #checkType(schema: { [keyword: string]: unknown }, node: Node, path: Path): SchemaProblem[] | undefined {
    const types = typesOf(schema);
    if (!types || types.some((type) => isOfType(node, type))) return undefined;
    const title = keyword(schema, 'patternErrorMessage');
    const text = `${typeof title === 'string' ? title : `must be ${typeTitle(types)}`}, found ${found(node)}`;
    return [adviseOnType(this, { kind: 'type', node, path, types, text }, node, schema, types)];
  }

  #checkChoice(schema: { [keyword: string]: unknown }, node: Node, path: Path): SchemaProblem[] | undefined {
    if (this.isOpen(node)) return undefined;
    const text = this.literal(node);
    for (const allowed of [Object.hasOwn(schema, 'const') ? [schema.const] : undefined, keyword(schema, 'enum')]) {
      if (!Array.isArray(allowed) || !this.spend(allowed.length / 10)) continue;
      if (!allowed.some((value) => (text === undefined ? equals(node, value) : value === text)))
        return [choiceProblem(node, path, allowed)];
    }
    return undefined;
  }

  #checkKind(schema: { [keyword: string]: unknown }, node: Node, path: Path): SchemaProblem[] {
    if (node.kind === 'map') return checkObject(this, schema, node, path);
    if (node.kind === 'seq') return checkArray(this, schema, node, path);
    if (typeof node.value === 'number') return checkNumber(schema, node, node.value, path);
    const text = this.literal(node);
    return text === undefined ? [] : checkString(this, schema, node, text, path);
  }
}

const annotations = new Set([
  'title',
  'description',
  'default',
  'examples',
  '$comment',
  'deprecated',
  '$defs',
  'definitions',
  '$id',
  '$schema',
]);

function fromDynamic(dynamic: Dynamic, schema: { [keyword: string]: unknown }, node: Node, path: Path): SchemaProblem[] {
  const answer = dynamic.accepts(schema);
  if (answer.ok) return [];
  const problem: SchemaProblem = { kind: 'type', node, path, text: `must be ${answer.expected}, found ${answer.found}` };
  return [answer.hint === undefined ? problem : { ...problem, hint: answer.hint }];
}

/** What the schema says the value is for. */
function withHint(problem: SchemaProblem, schema: { [keyword: string]: unknown }, node: Node): SchemaProblem {
  const description = keyword(schema, 'description');
  const own = problem.node === node && (problem.kind === 'type' || problem.kind === 'value');
  if (!own || problem.hint !== undefined) return problem;
  const about = typeof description === 'string' ? cut(description, 200) : undefined;
  const form = about !== undefined && problem.types?.[0] === 'string' ? undefined : hintOnType(problem);
  const hint = form !== undefined && about !== undefined ? `${form}: ${about}` : (form ?? about);
  return hint === undefined ? problem : { ...problem, hint };
}

/** A field that is misspelt is not also missing, whichever alternative asks for it. */
function withoutEchoes(problems: SchemaProblem[], node: Node): SchemaProblem[] {
  const meant = new Set(problems.flatMap((problem) => (problem.kind === 'unknown' && problem.entry && problem.near ? [problem.near] : [])));
  if (meant.size === 0) return problems;
  return problems.filter(
    (problem) => problem.node !== node || problem.kind !== 'missing' || !problem.missing?.some((name) => meant.has(name)),
  );
}

function isOfType(node: Node, type: string): boolean {
  const actual = typeOf(node);
  return actual === type || (type === 'number' && actual === 'integer');
}
