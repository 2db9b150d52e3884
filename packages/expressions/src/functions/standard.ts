import type { Environment } from '@marcbachmann/cel-js';
import type { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { spendText } from '../evaluate/meter.ts';
import { durationText, timestampText } from '../evaluate/text.ts';

/**
 * What CEL's standard has and cel-js lacks: conversions, and the order of bytes. And `always()`, which is true: a task whose `when` says
 * it is considered whatever became of the tasks that it needs.
 */
export function registerStandard(env: Environment): void {
  const sync = { async: false };
  env.registerFunction('always(): bool', () => true, sync);
  const timestamp = 'google.protobuf.Timestamp';
  const duration = 'google.protobuf.Duration';
  env.registerFunction(`string(${timestamp}): string`, (value: Date) => timestampText(value), sync);
  env.registerFunction(`string(${duration}): string`, (value: Duration) => durationText(value), sync);
  env.registerFunction(`int(${timestamp}): int`, (value: Date) => BigInt(Math.floor(value.getTime() / 1000)), sync);
  const operators: { [operator: string]: (order: number) => boolean } = {
    '<': (order) => order < 0,
    '<=': (order) => order <= 0,
    '>': (order) => order > 0,
    '>=': (order) => order >= 0,
  };
  for (const [operator, holds] of Object.entries(operators)) {
    env.registerOperator(`bytes ${operator} bytes`, (a: Uint8Array, b: Uint8Array) => holds(compareBytes(a, b)));
  }
  env.registerFunction('int(uint): int', (value: UnsignedInt) => value.value, sync);
  env.registerFunction(`timestamp(${timestamp}): ${timestamp}`, (value: Date) => value, sync);
  env.registerFunction(`duration(${duration}): ${duration}`, (value: Duration) => value, sync);
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  spendText(length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
