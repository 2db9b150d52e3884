import { TaskError } from '@summit/maestro-sdk';

/** The refusal of a start because of how many runs have not ended. */
export function queueFull(runs: number, limit: number): TaskError {
  return TaskError.transient(
    'QUEUE_FULL',
    `${runs} runs have not ended, and limits.queuedRuns is ${limit}: no more are accepted. Try again later; see what they wait for with "maestro runs list", cancel what is not needed, start more workers, or raise the limit`,
  );
}
