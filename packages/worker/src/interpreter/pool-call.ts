import { evaluateTemplate, type PlanCall, SecretReference } from '@summit/maestro-manifest';
import type { TaskCall, WorkflowIdentity } from './host.ts';
import type { RunIdentity } from './run-input.ts';
import type { Subject } from './subject.ts';

/** The pool that walks runs, and executes what asks for no other. */
export const DEFAULT_POOL = 'default';

/** One attempt as it travels to the workers of a pool: plain JSON, with secrets by name only. */
export interface PoolCall {
  run: RunIdentity;
  call: Omit<PlanCall, 'with'>;
  subject: Subject;
  workflow: WorkflowIdentity;
  /** From 1. */
  attempt: number;
  /** As of a `TaskCall`. */
  begunIn?: string;
  /** The evaluated input; `null` where a secret belongs. */
  input: unknown;
  /** Where secrets belong in the input, and their names. */
  secrets?: { at: (string | number)[]; name: string }[];
}

/** What is sent for an attempt: its input evaluated, without the rest of what its expressions could read. Throws `ExpressionError`. */
export function poolCall({ run, call, subject, workflow, attempt, begunIn, scope }: Omit<TaskCall, 'signal'>): PoolCall {
  const { runId, initiator, dryRun, startedAt, traceparent, plan } = run;
  const secrets: NonNullable<PoolCall['secrets']> = [];
  const input = withoutSecrets(evaluateTemplate(call.with, scope), [], secrets);
  return {
    run: {
      runId,
      initiator,
      startedAt,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(dryRun === undefined ? {} : { dryRun }),
      plan: { workflow: plan.workflow, ...(plan.runbook === undefined ? {} : { runbook: plan.runbook }) },
    },
    call: {
      uses: call.uses,
      ...(call.retry === undefined ? {} : { retry: call.retry }),
      ...(call.timeout === undefined ? {} : { timeout: call.timeout }),
    },
    subject,
    workflow,
    attempt,
    ...(begunIn === undefined ? {} : { begunIn }),
    input,
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}

/** The attempt that was sent, as a worker's task host takes it. */
export function attemptOf(call: PoolCall, signal: AbortSignal): TaskCall {
  const { run, subject, workflow, attempt, begunIn, secrets = [] } = call;
  const nothing = {
    params: {},
    tasks: {},
    run: { id: run.runId, startedAt: run.startedAt, dryRun: run.dryRun === true, initiator: run.initiator },
  };
  const value = secrets.reduce((input, { at, name }) => placed(input, at, new SecretReference(name)), call.input);
  return {
    run,
    call: { ...call.call, with: {} },
    subject,
    workflow,
    attempt,
    ...(begunIn === undefined ? {} : { begunIn }),
    scope: nothing,
    input: { value },
    signal,
  };
}

function withoutSecrets(value: unknown, at: readonly (string | number)[], found: NonNullable<PoolCall['secrets']>): unknown {
  if (value instanceof SecretReference) {
    found.push({ at: [...at], name: value.$secret });
    return null;
  }
  if (Array.isArray(value)) return value.map((entry, i) => withoutSecrets(entry, [...at, i], found));
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries defines: `__proto__` is a key like any other.
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutSecrets(entry, [...at, key], found)]));
}

/** Puts `secret` at a place of an input that was parsed from JSON, where there is `null`. */
function placed(input: unknown, at: readonly (string | number)[], secret: SecretReference): unknown {
  const last = at.at(-1);
  if (last === undefined) return secret;
  const parent = at.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], input);
  Object.defineProperty(parent, last, { value: secret, enumerable: true, writable: true, configurable: true });
  return input;
}
