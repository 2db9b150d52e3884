import type { Environment } from '@marcbachmann/cel-js';
import { UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { Failure } from '../errors.ts';
import { spend } from '../evaluate/meter.ts';
import { kindOf, lift } from '../evaluate/values.ts';
import { withArticle } from '../types/type.ts';

/** Only a type, so that `math.abs(x)` reads as CEL's extension has it. */
class MathNamespace {}

/** `math.greatest` and `math.least` take one list or up to this many numbers. */
const MOST_ARGUMENTS = 12;

/** CEL's math extension. */
export function registerMath(env: Environment): void {
  env.registerType('MathNamespace', MathNamespace);
  env.registerConstant('math', 'MathNamespace', new MathNamespace());
  const add = (signature: string, apply: (...args: never[]) => unknown) =>
    env.registerFunction(`MathNamespace.${signature}`, (_: unknown, ...args: unknown[]) => apply(...(args as never[])), { async: false });

  for (let count = 1; count <= MOST_ARGUMENTS; count++) {
    const args = Array(count).fill('dyn').join(', ');
    add(`greatest(${args}): dyn`, (...numbers: unknown[]) => extreme(numbers, (a, b) => a > b, 'greatest'));
    add(`least(${args}): dyn`, (...numbers: unknown[]) => extreme(numbers, (a, b) => a < b, 'least'));
  }
  // A number of JSON that is whole is an int: it can be rounded all the same.
  for (const [name, apply] of Object.entries(ON_DOUBLES)) {
    add(`${name}(double): double`, apply);
    add(`${name}(int): int`, (value: bigint) => value);
  }
  for (const [name, apply] of Object.entries(PREDICATES)) {
    add(`${name}(double): bool`, apply);
    add(`${name}(int): bool`, (value: bigint) => apply(Number(value)));
  }
  for (const kind of ['int', 'uint', 'double'])
    add(`sqrt(${kind}): double`, (value: number | bigint | UnsignedInt) => Math.sqrt(Number(value)));
  add('abs(int): int', (value: bigint) => signed(value < 0n ? -value : value, 'abs'));
  add('abs(uint): uint', (value: UnsignedInt) => value);
  add('abs(double): double', Math.abs);
  add('sign(int): int', (value: bigint) => (value > 0n ? 1n : value < 0n ? -1n : 0n));
  add('sign(uint): uint', (value: UnsignedInt) => new UnsignedInt(value.value > 0n ? 1n : 0n));
  add('sign(double): double', Math.sign);
  registerBits(add);
}

const ON_DOUBLES: { [name: string]: (value: number) => number } = {
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  // What is exactly in the middle goes away from zero.
  round: (value) => (Number.isFinite(value) ? Math.sign(value) * Math.round(Math.abs(value)) : value),
};

const PREDICATES: { [name: string]: (value: number) => boolean } = {
  isNaN: Number.isNaN,
  isFinite: Number.isFinite,
  isInf: (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY,
};

/** On the 64 bits of an int (two's complement) or of a uint. */
function registerBits(add: (signature: string, apply: (...args: never[]) => unknown) => void): void {
  const bits: { [name: string]: (a: bigint, b: bigint) => bigint } = {
    bitAnd: (a, b) => a & b,
    bitOr: (a, b) => a | b,
    bitXor: (a, b) => a ^ b,
  };
  for (const [name, apply] of Object.entries(bits)) {
    add(`${name}(int, int): int`, apply);
    add(`${name}(uint, uint): uint`, (a: UnsignedInt, b: UnsignedInt) => new UnsignedInt(apply(a.value, b.value)));
  }
  add('bitNot(int): int', (value: bigint) => ~value);
  add('bitNot(uint): uint', (value: UnsignedInt) => new UnsignedInt(BigInt.asUintN(64, ~value.value)));
  const left = (value: bigint, by: bigint) => (shift(by, 'bitShiftLeft') ? 0n : value << by);
  // Zeros come in from the left, also for a negative int.
  const right = (value: bigint, by: bigint) => (shift(by, 'bitShiftRight') ? 0n : BigInt.asUintN(64, value) >> by);
  add('bitShiftLeft(int, int): int', (value: bigint, by: bigint) => BigInt.asIntN(64, left(value, by)));
  add('bitShiftLeft(uint, int): uint', (value: UnsignedInt, by: bigint) => new UnsignedInt(BigInt.asUintN(64, left(value.value, by))));
  add('bitShiftRight(int, int): int', (value: bigint, by: bigint) => BigInt.asIntN(64, right(value, by)));
  add('bitShiftRight(uint, int): uint', (value: UnsignedInt, by: bigint) => new UnsignedInt(right(value.value, by)));
}

/** Whether a shift leaves nothing. */
function shift(by: bigint, name: string): boolean {
  if (by < 0n) throw new Failure('expression-value', `math.${name}: a shift by ${by}; it takes none below 0`);
  return by > 63n;
}

function signed(value: bigint, name: string): bigint {
  if (value === BigInt.asIntN(64, value)) return value;
  throw new Failure('expression-value', `math.${name}: ${value} is out of the range of 64 bits`);
}

type Comparable = number | bigint;

function extreme(args: readonly unknown[], better: (a: Comparable, b: Comparable) => boolean, name: string): unknown {
  const [only] = args;
  const numbers = args.length === 1 && Array.isArray(only) ? only.map((element) => lift(element, only)) : args;
  spend(numbers.length);
  if (numbers.length === 0) throw new Failure('expression-value', `math.${name} of an empty list`);
  let best = numbers[0];
  for (const number of numbers) if (better(comparable(number, name), comparable(best, name))) best = number;
  return best;
}

function comparable(value: unknown, name: string): Comparable {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof UnsignedInt) return value.value;
  throw new Failure('expression-type', `math.${name} takes numbers, not ${withArticle(kindOf(value))}`);
}
