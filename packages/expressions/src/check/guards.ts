import type { ASTNode } from '../ast.ts';
import type { ExprType } from '../types/type.ts';
import type { Fact } from './facts.ts';
import { type Place, placeOf } from './places.ts';
import type { Locals } from './walk.ts';

/** Whether a condition around a node says that what it reads is there. */
export function isPresent(node: ASTNode, locals: Locals | undefined): boolean {
  return factsOf(node, locals).some(({ present }) => present);
}

/** The type of what a node reads, as far as conditions around it leave it. */
export function narrowed(node: ASTNode, type: ExprType, locals: Locals | undefined): ExprType {
  if (type.kind === 'optional') return type;
  return factsOf(node, locals).reduce<ExprType>((left, { narrow }) => (narrow ? narrow(left) : left), type);
}

function factsOf(node: ASTNode, locals: Locals | undefined): Fact[] {
  const found: Fact[] = [];
  let place: Place | undefined;
  const hidden = new Set<string>();
  for (let local = locals; local; local = local.outer) {
    if (local.name !== undefined) {
      // What was known of a name before it was given to something else says nothing of it.
      hidden.add(local.name);
      continue;
    }
    place ??= placeOf(node);
    if (!place) return found;
    for (const fact of local.facts) {
      if (fact.place.key === place.key && ![...hidden].some((name) => fact.place.names.has(name))) found.push(fact);
    }
  }
  return found;
}
