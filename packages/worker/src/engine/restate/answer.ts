import { TaskError } from '@summit/maestro-sdk';
import type { HttpAnswer } from './http.ts';

/** The error for an answer that is a refusal. */
export function refused(what: string, answer: HttpAnswer): TaskError {
  return TaskError.terminal('ENGINE_REFUSED', `${what}: ${answer.status} ${messageOf(answer)}`);
}

/** What an answer says, in words. */
export function messageOf(answer: HttpAnswer): string {
  try {
    const { message } = JSON.parse(answer.body) as { message?: string };
    if (message !== undefined) return message;
  } catch {
    // Not JSON: the text itself is all there is to say.
  }
  return answer.body.slice(0, 500);
}

/** Says that no run has the id, or none any more. */
export function unknownRun(runId: string): TaskError {
  return TaskError.terminal('RUN_UNKNOWN', `there is no run ${runId} that has not ended; "maestro runs list" shows the ones there are`);
}
