import { type ActiveRun, RUN_LOST, type RunSummary } from '@summit/maestro-worker';

/** The status of a run; where the engine cannot go on with it, or was told not to, that. */
export function statusText({ status, dryRun }: Pick<RunSummary, 'status' | 'dryRun'>, state?: ActiveRun['state']): string {
  const halted = state === 'stuck' || state === 'paused' || state === 'retrying' ? state : status;
  return dryRun ? `${halted} (dry run)` : halted;
}

/** How long a run has taken, or is on; undefined of one that has not started, and of one of which nobody knows when it ended. */
export function tookMs(
  { startedAt, finishedAt, error }: Pick<RunSummary, 'startedAt' | 'finishedAt' | 'error'>,
  now = Date.now(),
): number | undefined {
  if (startedAt === undefined || error?.code === RUN_LOST) return undefined;
  return Math.max(0, (finishedAt === undefined ? now : Date.parse(finishedAt)) - Date.parse(startedAt));
}

/** `2026-03-01 12:00:07`, by this machine's clock and time zone. */
export function localTime(time: string): string {
  const date = new Date(time);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
