import { alternatives, type ExprType } from './type.ts';

/** Told of an operation that works for some of what its operands can be, but not for all. */
export interface Doubt {
  /** Nothing is known of an operand: it may be anything. */
  unknown(): void;
  /** An operand (by its position) can be something that the operation does not take. */
  partly(operand: number, member: ExprType): void;
}

export const NO_DOUBT: Doubt = { unknown: () => {}, partly: () => {} };

/** Tells the members that never fit; where each fits with some other operand but not with all, one of them. Null comes first. */
export function tellPartly(combinations: readonly { operands: readonly ExprType[]; fits: boolean }[], doubt: Doubt): void {
  const refused = combinations.filter(({ fits }) => !fits);
  const never = (at: number, member: ExprType) => combinations.every(({ operands, fits }) => operands[at] !== member || !fits);
  const found = refused
    .flatMap(({ operands }) => operands.map((member, at) => ({ member, at })))
    .filter(({ at, member }) => never(at, member));
  const [first] = found.sort((a, b) => Number(b.member.kind === 'null') - Number(a.member.kind === 'null'));
  if (first) {
    doubt.partly(first.at, first.member);
    return;
  }
  const several = refused[0]?.operands.findIndex((member, at) => combinations.some(({ operands }) => operands[at] !== member)) ?? -1;
  if (several >= 0) doubt.partly(several, refused[0]?.operands[several] as ExprType);
}

/** Each operand with each thing that it can be. */
export function combinationsOf(operands: readonly ExprType[]): ExprType[][] {
  let combinations: ExprType[][] = [[]];
  for (const operand of operands)
    combinations = combinations.flatMap((combination) => alternatives(operand).map((member) => [...combination, member]));
  return combinations;
}
