import {
  ABSENT,
  alternatives,
  type Checker,
  checkerOf,
  compileExpression,
  describeType,
  type EvaluationScope,
  rowScope,
  setField,
} from '@summit/maestro-expressions';
import { type ExpressionFault, expressionsInvalid, faultAt } from './expression-problem.ts';

/** What a row is read through. One object serves all rows: evaluation keeps nothing of it. */
export interface RowScope extends EvaluationScope {
  row: unknown;
  index: number;
  vars: { [name: string]: unknown };
}

/** The value that a mapping, or a part of it, has for a row. Throws {@link LeafError}. */
type Evaluate = (scope: RowScope) => unknown;

/** A mapping and a filter, ready for rows. */
export interface RowProgram {
  /** Whether a row is kept. Throws {@link LeafError}. */
  keeps?: (scope: RowScope) => boolean;
  /** What becomes of it. Throws {@link LeafError}. */
  map?: Evaluate;
}

/** An expression that failed for one row: where it stands, and why. */
export class LeafError extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super((cause as Error).message, { cause });
    this.path = path;
  }
}

/** Leaves of one mapping at most, and how deep it may be. */
const MOST_LEAVES = 10_000;
const DEEPEST = 64;

/**
 * Compiles `mapping` (strings in it are expressions, other scalars stand for themselves) and `filter`.
 * Throws `TRANSFORM_EXPRESSION_INVALID` that names every expression that is wrong.
 */
export function compileRows({ mapping, filter }: { mapping?: unknown; filter?: string | undefined }): RowProgram {
  const compiler = new Compiler();
  const program: RowProgram = {};
  if (filter !== undefined) program.keeps = compiler.condition(filter);
  if (mapping !== undefined) program.map = compiler.part(mapping, 'mapping', 0);
  if (compiler.faults.length > 0) throw expressionsInvalid(compiler.faults);
  return program;
}

class Compiler {
  readonly faults: ExpressionFault[] = [];
  readonly #checker: Checker = checkerOf(rowScope());
  #leaves = 0;

  condition(source: string): (scope: RowScope) => boolean {
    const type = this.#check(source, 'filter', false);
    if (type !== undefined && alternatives(type).some(({ kind }) => kind !== 'bool' && kind !== 'dyn')) {
      this.faults.push(faultAt('filter', source, 0, `a filter is true or false, found ${describeType(type)}`));
    }
    if (this.faults.length > 0) return () => true;
    const expression = compileExpression(source);
    return (scope) => {
      const kept = attempt('filter', () => expression.evaluate(scope));
      if (typeof kept !== 'boolean') throw new LeafError('filter', new Error(`a filter is true or false, found ${nameOf(kept)}`));
      return kept;
    };
  }

  part(part: unknown, path: string, depth: number): Evaluate {
    if (typeof part === 'string') return this.#leaf(part, path, false);
    if (typeof part !== 'object' || part === null) return () => part;
    if (depth === DEEPEST) {
      this.faults.push(faultAt(path, '', 0, `a mapping is at most ${DEEPEST} levels deep`));
      return () => null;
    }
    return Array.isArray(part) ? this.#list(part, path, depth) : this.#object(part, path, depth);
  }

  #list(items: readonly unknown[], path: string, depth: number): Evaluate {
    const parts = items.map((item, at) => this.part(item, `${path}[${at}]`, depth + 1));
    return (scope) => {
      const list = new Array<unknown>(parts.length);
      for (let at = 0; at < parts.length; at++) list[at] = (parts[at] as Evaluate)(scope);
      return list;
    };
  }

  #object(object: object, path: string, depth: number): Evaluate {
    const fields = Object.entries(object).map(([name, part]) => {
      const at = /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
      return { name, evaluate: typeof part === 'string' ? this.#leaf(part, at, true) : this.part(part, at, depth + 1) };
    });
    return (scope) => {
      const result: { [name: string]: unknown } = {};
      for (let at = 0; at < fields.length; at++) {
        const { name, evaluate } = fields[at] as (typeof fields)[number];
        const value = evaluate(scope);
        if (value !== ABSENT) setField(result, name, value);
      }
      return result;
    };
  }

  /** An expression; one that is the value of a field may have none, which leaves the field out. */
  #leaf(source: string, path: string, field: boolean): Evaluate {
    if (++this.#leaves === MOST_LEAVES + 1) this.faults.push(faultAt(path, source, 0, `a mapping has at most ${MOST_LEAVES} expressions`));
    if (this.#leaves > MOST_LEAVES || this.#check(source, path, field) === undefined) return () => null;
    const expression = compileExpression(source);
    const evaluate = field ? expression.evaluateField : expression.evaluate;
    return (scope) => {
      try {
        return evaluate(scope);
      } catch (error) {
        throw new LeafError(path, error);
      }
    };
  }

  /** The type of an expression; `undefined`, and noted, where it is wrong. */
  #check(source: string, path: string, mayBeAbsent: boolean) {
    const result = this.#checker.check(source, { mayBeAbsent });
    if (result.ok) return result.type;
    this.faults.push(...result.problems.map(({ message, start, hint }) => faultAt(path, source, start, message, hint)));
    return undefined;
  }
}

function attempt<T>(path: string, evaluate: () => T): T {
  try {
    return evaluate();
  } catch (error) {
    throw new LeafError(path, error);
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
