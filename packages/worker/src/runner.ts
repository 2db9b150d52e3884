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

/** A way to the runs of an engine for a process that executes none of them. */
export interface RunClient extends RunControl {
  /** What has happened in runs; undefined where none is kept. */
  readonly history: History | undefined;
  /** Whether some other process serves the engine; where none does, what was asked for is kept, and done when there is one. */
  readonly served: boolean;
}
