import { DYN, type ExprType, INT, MAP } from '../types/type.ts';
import type { Scope } from './scope.ts';

/** What an expression over the rows of a table may read: `row`, `index` (from 0) and `vars`, and nothing of a manifest. */
export function rowScope({ row = DYN, vars = MAP }: { row?: ExprType | undefined; vars?: ExprType | undefined } = {}): Scope {
  return {
    params: undefined,
    inputs: undefined,
    tasks: undefined,
    item: undefined,
    run: undefined,
    names: new Map([
      ['row', row],
      ['index', INT],
      ['vars', vars],
    ]),
  };
}
