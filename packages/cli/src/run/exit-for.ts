import type { RunResult } from '@summit/maestro-worker';
import { type ExitCode, exit } from '../exit.ts';

/** What a command ends with that has seen a run to its end. */
export function exitFor({ status, error }: Pick<RunResult, 'status' | 'error'>): ExitCode {
  if (status === 'succeeded') return exit.ok;
  return status === 'cancelled' || error?.code === 'APPROVAL_REJECTED' || error?.code === 'APPROVAL_EXPIRED' ? exit.stopped : exit.failed;
}
