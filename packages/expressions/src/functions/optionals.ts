import { type Environment, Optional } from '@marcbachmann/cel-js';
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { isMapping, keysOf } from '../evaluate/maps.ts';
import { liftScalar } from '../evaluate/values.ts';

/** What CEL's optional types have and cel-js lacks; `optMap` and `optFlatMap` are macros. */
export function registerOptionals(env: Environment): void {
  const sync = { async: false };
  env.registerFunction(
    'OptionalNamespace.ofNonZeroValue(A): optional<A>',
    (_: unknown, value: unknown) => (isZero(value) ? Optional.none() : Optional.of(liftScalar(value))),
    sync,
  );
}

/** What CEL takes for empty: null, false, 0, and texts, bytes, lists and maps without anything in them. */
function isZero(value: unknown): boolean {
  if (value === null || value === false || value === '' || value === 0 || value === 0n) return true;
  if (value instanceof UnsignedInt) return value.value === 0n;
  if (value instanceof Duration) return value.seconds === 0n && value.nanos === 0;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return isMapping(value) && keysOf(value).length === 0;
}
