import type { JsonObject, RetryPolicy } from '@summit/maestro-sdk';

/**
 * A value with expressions in it, as plain JSON. A string, number, boolean, null or array stands for itself;
 * an object with exactly one key that starts with `$` is one of the nodes below; any other object stands for itself.
 */
export type Template =
  | null
  | boolean
  | number
  | string
  | Template[]
  | { [key: string]: Template }
  /** CEL source; the value keeps its type. */
  | { $cel: string }
  /** Parts joined to one string; expressions among them are converted to text. */
  | { $text: (string | { $cel: string })[] }
  /** A secret's name; becomes text only inside the worker, at `execute`. */
  | { $secret: string }
  /** An object one of whose own keys starts with `$`. */
  | { $map: [key: string, value: Template][] };

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'datetime' | 'date' | 'duration' | 'uri' | 'object' | 'array';

/** An input of a runbook or a parameter of a workflow. */
export interface Parameter {
  name: string;
  type: ParameterType;
  required: boolean;
  default?: unknown;
  enum?: unknown[];
  pattern?: string;
  schema?: JsonObject;
  description?: string;
}

/** One node of the DAG. */
export interface PlanTask {
  id: string;
  /** The task that runs, pinned. */
  uses: { name: string; version: string; digest: string };
  needs: string[];
  with: Template;
  retry?: RetryPolicy;
  /** Milliseconds per attempt. */
  timeout?: number;
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
export interface Plan {
  apiVersion: 'maestro/v1';
  kind: 'Plan';
  /** Absent for a workflow that is run without a runbook. */
  runbook?: { name: string; version: string; owner: string };
  workflow: { name: string; version: string };
  /** The initiator needs one of these roles; absent: anyone. */
  allowRoles?: string[];
  approvals?: PlanApprovals;
  policy?: { purpose: string; authority: string; license: string };
  /** What the operator is asked for. */
  inputs: Parameter[];
  /** Workflow parameter -> value, over `inputs`. */
  bindings: { [parameter: string]: Template };
  parameters: Parameter[];
  /** Milliseconds for the whole run. */
  timeout?: number;
  /** In plan order: every task after what it needs, otherwise as written. */
  tasks: PlanTask[];
  outputs: { [name: string]: Template };
}
