import type { TaskContract } from '@summit/maestro-sdk';
import type { Change } from './change.ts';
import { compareSchemas } from './schemas.ts';

/** What changed from one contract of a task to another. */
export interface ContractComparison {
  /** Whatever worked with the old contract works with the new one: no change is breaking. */
  compatible: boolean;
  /** Breaking ones first. */
  changes: Change[];
}

/** What a comparison looks at; a {@link TaskContract} has all of it. */
export type ComparedContract = Pick<TaskContract, 'input' | 'output' | 'effect' | 'durable'> & Partial<Pick<TaskContract, 'secrets'>>;

/**
 * Whether a manifest written for `before` still fits `after`. Breaking: an input that takes less than before (a new required field, a
 * removed field, a narrower type), an output that promises less (a removed or now optional field, a wider type), another effect, another
 * `durable`. What cannot be compared, such as two patterns, counts as breaking. Every change is named with its path.
 */
export function compareContracts(before: ComparedContract, after: ComparedContract): ContractComparison {
  const changes: Change[] = [];
  if (before.effect !== after.effect) changes.push(breaking('effect', `the effect was ${before.effect} and is ${after.effect}`));
  if (before.durable !== after.durable) {
    changes.push(breaking('durable', after.durable ? 'the task is durable now' : 'the task is no longer durable'));
  }
  changes.push(...compareSchemas(before.input, after.input, 'input'), ...compareSchemas(before.output, after.output, 'output'));
  const known = new Set(before.secrets);
  for (const name of after.secrets ?? []) {
    if (!known.has(name)) changes.push({ path: 'secrets', breaking: false, message: `may ask for the secret ${name}` });
  }
  const sorted = [...changes.filter((change) => change.breaking), ...changes.filter((change) => !change.breaking)];
  return { compatible: !changes.some((change) => change.breaking), changes: sorted };
}

function breaking(path: string, message: string): Change {
  return { path, breaking: true, message };
}
