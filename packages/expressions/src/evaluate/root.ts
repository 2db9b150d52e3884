import type { ASTNode } from '../ast.ts';
import { Failure } from '../errors.ts';
import { liftScalar } from './values.ts';

/** What an expression is evaluated over: JSON. What is absent cannot be read. */
export interface EvaluationScope {
  params?: { [name: string]: unknown };
  inputs?: { [name: string]: unknown };
  tasks?: { [id: string]: { status: string; output?: unknown } };
  run?: { [field: string]: unknown };
  item?: unknown;
  index?: number;
  row?: unknown;
  vars?: { [name: string]: unknown };
}

/**
 * The outermost scope of an evaluation, in place of cel-js's: it reads from the data as it is, without a copy of it or a
 * comparison with declared types.
 */
export class Root {
  readonly #scope: EvaluationScope;

  constructor(scope: EvaluationScope) {
    this.#scope = scope;
  }

  getValue(name: string): unknown {
    const value = this.#scope[name as keyof EvaluationScope];
    return typeof value === 'number' ? liftScalar(value) : value;
  }

  getCheckedValue(_: unknown, node: ASTNode): unknown {
    const value = this.getValue(node.args as string);
    if (value === undefined) throw new Failure('expression-value', `\`${node.args}\` cannot be read here`, node);
    return value;
  }
}
