import type { Effect } from '@summit/maestro-sdk';
import type { PlanPolicy, PlanUses } from '../plan.ts';
import type { Limits } from './call.ts';
import type { CriticalPath } from './critical-path.ts';
import type { ForEachView } from './for-each.ts';
import type { ApprovalView } from './gates.ts';

/** What a task or a compensation runs. */
export interface CallView {
  uses: PlanUses;
  /** Of a sub-workflow: the strongest among its tasks. Absent where the task is not installed. */
  effect?: Effect;
  /** Names that it may ask for or is handed, sorted; those of a sub-workflow's tasks included. */
  secrets: string[];
  /** Of a sub-workflow: its own, the smaller of the task's and the workflow's. */
  limits: Limits;
  deprecated?: string;
  /** The tasks of a sub-workflow. */
  workflow?: BodyView;
}

/** All that is known of a task before it runs. */
export interface PlannedTask extends CallView {
  id: string;
  /** The id in the run: `parent/child` in a sub-workflow. */
  name: string;
  /** From 1, within its list. */
  stage: number;
  needs: string[];
  /** The condition, as written. */
  when?: string;
  /** The condition decides also after failures. */
  onAnyStatus?: true;
  forEach?: ForEachView;
  continueOnError?: true;
  pool?: string;
  compensate?: CallView;
  /** The longest that it may take, all items and attempts included. */
  estimate: Pick<CriticalPath, 'ms' | 'unbounded'>;
}

/** The lists of a workflow. */
export interface BodyView {
  /** Ids of `tasks`; those of one stage can run at the same time. */
  stages: string[][];
  /** In plan order. */
  tasks: PlannedTask[];
  onFailure?: PlannedTask[];
  finally?: PlannedTask[];
  /** Policy context in force for its tasks. */
  policy?: PlanPolicy;
  /** Milliseconds for its tasks. */
  timeout?: number;
}

/** A plan as people and tools look at it. */
export interface PlanView extends BodyView {
  /** Names of all secrets that any of its tasks may ask for, sorted. */
  secrets: string[];
  /** The decisions a run waits for: its own first, then those of its tasks in plan order. */
  approvals: ApprovalView[];
  /** The longest that a run without failures may take: its tasks, then `finally`; the wait for its own approval comes on top. */
  estimate: CriticalPath;
}
