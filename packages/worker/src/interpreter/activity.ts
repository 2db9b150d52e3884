import type { PlanCall } from '@summit/maestro-manifest';
import type { RunError, TaskRecord } from '../run.ts';
import type { Approvals } from './approvals.ts';
import type { Durable } from './durable.ts';
import type { EventLog } from './events.ts';
import type { Scope, TaskHost, WorkflowIdentity } from './host.ts';
import type { Ledger } from './ledger.ts';
import type { DurableLoop } from './loop.ts';
import type { Preview } from './outcome.ts';
import type { TakenOver } from './reuse.ts';
import type { RunInput } from './run-input.ts';
import type { Subject } from './subject.ts';
import type { Undo } from './undo.ts';

/** How an activity ended. */
export type Ending = (
  | { status: 'succeeded'; output: unknown; preview?: Preview }
  /** `cancelled`: stopped from outside before it had come to its own end. */
  | { status: 'failed' | 'cancelled'; error: RunError }
) & {
  attempts: number;
  /** What it did and has not undone itself, in order of completion. */
  undo?: Undo[];
  /** The tasks it is made of. */
  records?: TaskRecord[];
};

/** Work that has been begun and will end by itself: an execution of a task, a list of them, a sub-workflow. */
export interface Activity {
  /** Begins it. Resolves when the loop may go on; it may have ended by then. */
  start(): Promise<void>;
  /** Ends it as soon as that can be done in order. */
  stop(error: RunError): Promise<void>;
  /** What is around it has failed: it begins nothing new that `mayStart` does not allow. */
  drain(): Promise<void>;
}

/** A call to be made an activity of. */
export interface CallSpec {
  call: PlanCall;
  /** The pool of workers that executes it; absent: whoever walks the run. */
  pool?: string;
  subject: Subject;
  scope: Scope;
  workflow: WorkflowIdentity;
  /** Whether another attempt may begin now. */
  mayStart(): boolean;
  /** Called once. */
  onEnd(ending: Ending): void | Promise<void>;
}

/** What everything in one run shares. */
export interface Frame {
  run: RunInput;
  durable: Durable;
  loop: DurableLoop;
  host: TaskHost;
  events: EventLog;
  approvals: Approvals;
  ledger: Ledger;
  /** From the run that this one was made from. */
  takenOver: TakenOver;
  /** An activity for a call: a sub-workflow or an execution of a task. */
  activity(spec: CallSpec): Activity;
}
