import type { History } from './history/history.ts';
import type { RunControl, RunEvent } from './run.ts';

/** Where runs are executed. Two kinds: embedded or remote Restate, and in-process. */
export interface Runner extends RunControl {
  /** What has happened in runs, also in those of other processes; undefined where none is kept. */
  readonly history: History | undefined;
  /** Events of runs executed by this process; returns the unsubscriber. */
  onEvent(listener: (event: RunEvent) => void): () => void;
  /** Drains and stops what this process started. Unfinished runs stay where they are. */
  close(): Promise<void>;
}
