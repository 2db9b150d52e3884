import type { RunContext } from './context.ts';
import { TaskError } from './errors.ts';

/** What stays the same when a call is computed again. */
const KEPT = ['runId', 'workflowRef', 'namespace', 'correlation', 'taskId', 'attempt', 'idempotencyKey', 'dryRun', 'initiator'] as const;
/** What may be another by then. */
const REFUSED = [
  'secrets',
  'emit',
  'artifacts',
  'workspace',
  'pool',
  'sleep',
  'now',
  'step',
  'decision',
  'policy',
  'signer',
  'preApproval',
  'trusts',
  'egress',
] as const;

// On a prototype, because a context is made for every call.
const guard = Object.defineProperties(
  {},
  Object.fromEntries(
    REFUSED.map((key) => [
      key,
      {
        get(): never {
          throw TaskError.terminal(
            'TASK_NOT_PURE',
            `the task says that this call is pure, and uses ctx.${key}, which may be another when the run is replayed; have its \`pure\` return false for such a payload`,
          );
        },
      },
    ]),
  ),
);

/**
 * A context for a pure call: without anything that could differ when it is computed again. To ask for such a thing throws `TASK_NOT_PURE`.
 * Its signal never aborts: neither timeout nor shutdown would come at the same place again.
 */
export function pureContext(context: RunContext): RunContext {
  const pure = Object.create(guard) as Record<string, unknown>;
  for (const key of KEPT) pure[key] = context[key];
  pure.logger = context.logger;
  pure.signal = new AbortController().signal;
  return pure as unknown as RunContext;
}
