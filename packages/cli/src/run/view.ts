import type { Plan } from '@summit/maestro-manifest';
import type { RunEvent, RunResult } from '@summit/maestro-worker';

/** What is being watched. */
export interface WatchedRun {
  runId: string;
  /** Absent for a run that was started elsewhere. */
  plan?: Plan;
}

/** How a run is shown while it is on, and what came of it. */
export interface RunView {
  started(run: WatchedRun): void;
  event(event: RunEvent): void;
  /** Something to know that is not an event of the run. */
  note(text: string): void;
  /** Keeps the screen still while somebody is asked something. */
  hold<T>(talk: () => Promise<T>): Promise<T>;
  /** `tookMs` is absent where the start was not seen. */
  finished(result: RunResult, tookMs: number | undefined): void;
  /** Leaves the screen as it is; nothing is shown after it. */
  close(): void;
}

/** `name@version` of what the operator asked for. */
export function refOf(plan: Plan): string {
  const { name, version } = plan.runbook ?? plan.workflow;
  return `${name}@${version}`;
}
