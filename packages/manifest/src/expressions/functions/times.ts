import type { Environment } from '@marcbachmann/cel-js';
import type { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { durationText, timestampText } from '../evaluate/text.ts';

/** Conversions of CEL's standard that cel-js lacks. */
export function registerTimes(env: Environment): void {
  const sync = { async: false };
  const timestamp = 'google.protobuf.Timestamp';
  const duration = 'google.protobuf.Duration';
  env.registerFunction(`string(${timestamp}): string`, (value: Date) => timestampText(value), sync);
  env.registerFunction(`string(${duration}): string`, (value: Duration) => durationText(value), sync);
  env.registerFunction(`int(${timestamp}): int`, (value: Date) => BigInt(Math.floor(value.getTime() / 1000)), sync);
  env.registerFunction('int(uint): int', (value: UnsignedInt) => value.value, sync);
  env.registerFunction(`timestamp(${timestamp}): ${timestamp}`, (value: Date) => value, sync);
  env.registerFunction(`duration(${duration}): ${duration}`, (value: Duration) => value, sync);
}
