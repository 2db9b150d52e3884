import type { ASTNode } from '../ast.ts';
import type { ExprType } from '../types/type.ts';
import type { Fact } from './facts.ts';
import type { Scope } from './scope.ts';

/** A mistake in an expression; offsets are in its source. */
export interface ExpressionProblem {
  code: 'expression-syntax' | 'expression-type' | 'unknown-reference' | 'undeclared-parameter' | 'not-an-ancestor';
  message: string;
  start: number;
  end: number;
  hint?: string;
  /** Mends it, put in place of `start` to `end`. */
  replacement?: string;
}

export type ReferenceKind = 'param' | 'input' | 'task-output' | 'task-status' | 'secret' | 'run' | 'item' | 'index';

/** Something outside that an expression reads; offsets are in its source. */
export interface Reference {
  kind: ReferenceKind;
  /** Of the parameter, input, task or secret; of the field of `run`; `item` and `index` for themselves. */
  name: string;
  start: number;
  end: number;
  /** Of a task's output: whether it is only read where the task has one. */
  guarded?: boolean;
}

/** What holds where a node stands, the innermost first: variables of comprehensions and `cel.bind`, and what conditions around it say. */
export type Locals =
  | { name: string; type: ExprType; outer: Locals | undefined }
  | { name?: undefined; facts: readonly Fact[]; outer: Locals | undefined };

/** One check of one expression. */
export interface Walk {
  readonly source: string;
  readonly scope: Scope;
  /** The type of a node. Reports what is wrong in it; what is wrong has any type, so that it is not reported again. `asked`: an access within `has`, where nothing on the way need be there. */
  type(node: ASTNode, locals: Locals | undefined, asked?: boolean): ExprType;
  problem(problem: ExpressionProblem): void;
  /** Something that is allowed but hardly meant. */
  warn(problem: ExpressionProblem): void;
  reference(reference: Reference): void;
  /** Notes that something only works for some of what a value of any type can be. */
  unproven(): void;
}

/** The type of a variable of a comprehension. */
export function localType(locals: Locals | undefined, name: string): ExprType | undefined {
  for (let local = locals; local; local = local.outer) if (local.name === name) return local.type;
  return undefined;
}

/** The same, where some more is known. */
export function assuming(locals: Locals | undefined, facts: readonly Fact[]): Locals | undefined {
  return facts.length === 0 ? locals : { facts, outer: locals };
}

/** A hint that starts with what was perhaps meant; messages leave it out, so that a caller can add the place to them. */
export function suggesting(suggestion: string | undefined, hint?: string): { hint?: string } {
  const parts = [suggestion === undefined ? undefined : `did you mean ${suggestion}?`, hint].filter((part) => part !== undefined);
  return parts.length === 0 ? {} : { hint: parts.join(' ') };
}

/** How a node is written, for messages. */
export function textOf(walk: Walk, node: ASTNode): string {
  const text = walk.source.slice(node.start, node.end).replace(/\s+/g, ' ');
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
