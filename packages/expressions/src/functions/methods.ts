import { Duration } from '@marcbachmann/cel-js/evaluator';
import { matches } from './patterns.ts';
import { indexOf, join, lastIndexOf, lowerAscii, split, substring, trim, upperAscii } from './strings.ts';

type Method = (receiver: unknown, ...args: unknown[]) => unknown;

/** Which JavaScript type each operand has to have: `s`tring, `i`nt, `l`ist, `d`uration. */
type Kinds = string;

/** As cel-js has them, but without its search for an overload at each call. */
const contains = (text: string, part: string) => text.includes(part);
const startsWith = (text: string, part: string) => text.startsWith(part);
const endsWith = (text: string, part: string) => text.endsWith(part);

/**
 * Methods that cel-js has but that must not be its own: `matches` (backtracking), those that count in UTF-16 units where
 * CEL counts characters, and `join`, whose result has to be bounded. Keyed by name and number of arguments; the kinds of
 * receiver and arguments decide whether they apply, as the overloads are not all replaced.
 */
const METHODS: { [nameAndArity: string]: { kinds: Kinds; apply: Method } } = {
  'contains/1': { kinds: 'ss', apply: contains as Method },
  'startsWith/1': { kinds: 'ss', apply: startsWith as Method },
  'endsWith/1': { kinds: 'ss', apply: endsWith as Method },
  'matches/1': { kinds: 'ss', apply: matches as Method },
  'indexOf/1': { kinds: 'ss', apply: indexOf as Method },
  'indexOf/2': { kinds: 'ssi', apply: indexOf as Method },
  'lastIndexOf/1': { kinds: 'ss', apply: lastIndexOf as Method },
  'lastIndexOf/2': { kinds: 'ssi', apply: lastIndexOf as Method },
  'substring/1': { kinds: 'si', apply: substring as Method },
  'substring/2': { kinds: 'sii', apply: substring as Method },
  'split/1': { kinds: 'ss', apply: split as Method },
  'split/2': { kinds: 'ssi', apply: split as Method },
  'lowerAscii/0': { kinds: 's', apply: lowerAscii as Method },
  'upperAscii/0': { kinds: 's', apply: upperAscii as Method },
  'trim/0': { kinds: 's', apply: trim as Method },
  'getMilliseconds/0': { kinds: 'd', apply: ((value: Duration) => BigInt(Math.trunc(value.nanos / 1_000_000))) as Method },
  'join/0': { kinds: 'l', apply: join as Method },
  'join/1': { kinds: 'ls', apply: join as Method },
};

/** Our own implementation of a method, to be tried before cel-js's: `undefined` when the operands are not of its kinds. */
export function ownMethod(name: string, arity: number): ((operands: readonly unknown[]) => unknown) | undefined {
  const key = `${name}/${arity}`;
  const method = Object.hasOwn(METHODS, key) ? METHODS[key] : undefined;
  if (!method) return undefined;
  const { kinds, apply } = method;
  return (operands) => {
    for (let i = 0; i < kinds.length; i++) if (!isKind(operands[i], kinds[i])) return undefined;
    return apply(operands[0], operands[1], operands[2]);
  };
}

function isKind(value: unknown, kind: string | undefined): boolean {
  if (kind === 's') return typeof value === 'string';
  if (kind === 'd') return value instanceof Duration;
  if (kind === 'i') return typeof value === 'bigint';
  return Array.isArray(value);
}
