import type { Parameter, Template } from '@summit/maestro-expressions';
import type { RetryPolicy } from '@summit/maestro-sdk';

export type { Parameter, ParameterType, Template } from '@summit/maestro-expressions';

/** What runs, pinned: a task with the digest of its contract, or a workflow of the plan's own `workflows` with the digest of its body. */
export interface PlanUses {
  /** `tasks/x`, `connectors/x`, `ops/x`, or `workflows/x` for a sub-workflow. */
  name: string;
  version: string;
  digest: string;
}

/** What is executed: a task or sub-workflow with its input. */
export interface PlanCall {
  uses: PlanUses;
  with: Template;
  retry?: RetryPolicy;
  /** Milliseconds per attempt. */
  timeout?: number;
}

/** A task once per item of a list. */
export interface PlanForEach {
  in: Template;
  /** How many items run at the same time; absent: as many as the engine allows. */
  maxParallel?: number;
  /** Whether an item that fails fails the task, or yields `null` in the output. */
  onError: 'fail' | 'continue';
}

/** One node of the DAG. */
export interface PlanTask extends PlanCall {
  id: string;
  /** Ids within the same list. */
  needs: string[];
  /** A boolean expression; false: the task is skipped. */
  when?: Template;
  /** `when` looks at the status of tasks, or says `always()`: it alone decides, once all that the task needs has ended in any way. */
  onAnyStatus?: true;
  forEach?: PlanForEach;
  /** A failure of this task is not one of the run. */
  continueOnError?: true;
  /** The pool of workers that executes it. */
  pool?: string;
  /** Undoes the task when the run fails or is cancelled after it succeeded. Reads what the task read, and the task's own output. */
  compensate?: PlanCall;
}

/** The tasks of a workflow and how data flows between them. */
export interface PlanBody {
  parameters: Parameter[];
  /** The policy context of its tasks; absent in a sub-workflow: that of the workflow that uses it. */
  policy?: PlanPolicy;
  /** Milliseconds for all of it. */
  timeout?: number;
  /** In plan order: every task after what it needs, otherwise as written. */
  tasks: PlanTask[];
  /** Tasks that run after a failure, once what has to be undone is undone. */
  onFailure?: PlanTask[];
  /** Tasks that run last, however it ended. */
  finally?: PlanTask[];
  outputs: { [name: string]: Template };
}

/** What policy is told of why a run does what it does. */
export interface PlanPolicy {
  purpose: string;
  authority: string;
  license: string;
}

/** Decisions the run waits for before its first task. */
export interface PlanApprovals {
  required: boolean;
  approvers: string[];
  quorum: 'all' | number;
  /** Milliseconds. */
  expiresIn?: number;
  allowSelfApproval: boolean;
}

/**
 * A runbook (or a bare workflow) resolved and checked: plain JSON, canonical, the only thing an engine ever sees.
 * Its digest is sha256 over its canonical JSON (RFC 8785), see `planDigest`.
 */
export interface Plan extends PlanBody {
  apiVersion: 'maestro/v1';
  kind: 'Plan';
  /** Absent for a workflow that is run without a runbook. */
  runbook?: { name: string; version: string; owner: string };
  workflow: { name: string; version: string };
  /** The initiator needs one of these roles; absent: anyone. */
  allowRoles?: string[];
  approvals?: PlanApprovals;
  /** Runs are previews unless the operator asks for execution. */
  dryRun?: true;
  /** What the operator is asked for. */
  inputs: Parameter[];
  /** Workflow parameter -> value, over `inputs`. */
  bindings: { [parameter: string]: Template };
  /** The sub-workflows that tasks use, by `name@version`; absent where there are none. Never recursive. */
  workflows?: { [ref: string]: PlanBody };
}
