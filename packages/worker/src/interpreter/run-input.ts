import type { Plan } from '@summit/maestro-manifest';
import { canonicalJson, type Initiator, type JsonObject, sha256Hex } from '@summit/maestro-sdk';
import type { RunProcess } from '../history/run-process.ts';
import type { Reuse } from '../run.ts';

/** What a run is started with and remembers for ever. */
export interface RunInput {
  runId: string;
  plan: Plan;
  /** `sha256:<hex>` of the plan. */
  planDigest: string;
  inputs: JsonObject;
  initiator: Initiator;
  /** RFC 3339; also the run's only clock for expressions. */
  startedAt: string;
  /** W3C trace context of what the run is part of. */
  traceparent?: string;
  /** `name@version` of tasks that may be computed again when the run is replayed. Remembered, because code that is installed later may say otherwise. */
  pure?: string[];
  /** Tasks that write are previewed, not executed. */
  dryRun?: boolean;
  /** The process that it lives in; absent of a run of an engine. */
  process?: RunProcess;
  /** The run it was made from. */
  parent?: string;
  /** What it takes over from there. */
  reuse?: Reuse;
}

/** What is told of a run to those that execute a task of it. */
export interface RunIdentity extends Pick<RunInput, 'runId' | 'initiator' | 'dryRun' | 'startedAt' | 'traceparent'> {
  plan: Pick<Plan, 'runbook' | 'workflow'>;
}

/** `name@version` of what the operator asked for: the runbook, or the bare workflow. */
export function runRef(plan: RunIdentity['plan']): string {
  const { name, version } = plan.runbook ?? plan.workflow;
  return `${name}@${version}`;
}

/** What an approval is bound to: sha256 over the plan's digest, the resolved inputs, and whether it is a preview. */
export function approvalDigest({ planDigest, inputs, dryRun }: Pick<RunInput, 'planDigest' | 'inputs' | 'dryRun'>): string {
  return `sha256:${sha256Hex(canonicalJson({ plan: planDigest, inputs, ...(dryRun ? { dryRun } : {}) }))}`;
}
