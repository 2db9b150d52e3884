import type { PlanCall } from '@summit/maestro-manifest';
import type { Scope, WorkflowIdentity } from './host.ts';
import type { Subject } from './subject.ts';

/** What undoes one execution that succeeded. */
export interface Undo {
  call: PlanCall;
  /** The pool of workers that executes it; absent: whoever walks the run. */
  pool?: string;
  /** Of the execution that is undone. */
  subject: Subject;
  workflow: WorkflowIdentity;
  /** What its expressions read; made when it is needed, because most are never. */
  scope(): Scope;
}
