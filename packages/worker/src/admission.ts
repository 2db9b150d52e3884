import { randomUUID } from 'node:crypto';
import { bindInputs, type Plan, type PlanCall, planDigest } from '@summit/maestro-manifest';
import { InvalidInputError, type JsonObject, PolicyDeniedError, TaskError } from '@summit/maestro-sdk';
import { checkRunId } from './engine/restate/client.ts';
import { DEFAULT_POOL } from './interpreter/pool-call.ts';
import { type RunInput, runRef } from './interpreter/run-input.ts';
import { isWorkflow } from './interpreter/sub-workflow.ts';
import type { TaskRegistry } from './packages/tasks.ts';
import { callsOf, type PlacedCall } from './plan-calls.ts';
import type { Reuse, RunRequest } from './run.ts';
import { keptTraceparent } from './telemetry/ids.ts';

/** Largest plan with its inputs, in bytes of JSON: it is kept in the run's journal and read on every replay. */
const MAX_START_BYTES = 4 * 1024 * 1024;

/** Largest results of another run that a run may take over, in bytes of JSON: an engine's message ends at 32 MiB. */
const MAX_REUSE_BYTES = 16 * 1024 * 1024;

/**
 * Decides whether a run may start, whoever asks: the initiator's roles, inputs against their types, tasks installed with the
 * contracts the plan was checked against, pools that somebody serves (`pools`; absent: any). Throws `ROLE_REQUIRED`, `INPUT_INVALID`,
 * `PLAN_INVALID`, `TASK_NOT_INSTALLED`, `POOL_UNKNOWN`, `POOL_UNSUITABLE` or `RUN_TOO_LARGE`.
 */
export function admit(request: RunRequest, registry: TaskRegistry, pools?: ReadonlySet<string>): RunInput {
  const { plan, initiator } = request;
  const ref = runRef(plan);
  const runId = request.runId ?? randomUUID();
  checkRunId(runId);
  const { allowRoles } = plan;
  if (allowRoles !== undefined && !allowRoles.some((role) => initiator.roles.includes(role))) {
    const roles = initiator.roles.length > 0 ? initiator.roles.join(', ') : 'none';
    throw new PolicyDeniedError(`${ref} may be started by ${allowRoles.join(' or ')} only; ${initiator.id} has the roles: ${roles}`, {
      code: 'ROLE_REQUIRED',
    });
  }
  const bound = bindInputs(plan.inputs, request.inputs);
  if (bound.problems.length > 0) {
    const lines = bound.problems.map(({ message, hint }) => (hint ? `${message} (${hint})` : message));
    throw new InvalidInputError(`inputs of ${ref}: ${lines.join('; ')}`, { code: 'INPUT_INVALID', details: bound.problems });
  }
  const known = knownPlan(plan);
  checkCalls(known, ref, registry);
  checkPools(known, ref, registry, pools);
  const dryRun = request.dryRun ?? plan.dryRun ?? false;
  const traceparent = keptTraceparent(request.traceparent);
  const run: RunInput = {
    runId,
    plan,
    planDigest: known.digest,
    inputs: (bound.values ?? {}) as JsonObject,
    initiator,
    startedAt: new Date().toISOString(),
    ...pureTasks(known, registry),
    ...(dryRun ? { dryRun } : {}),
    ...(request.parent === undefined ? {} : { parent: request.parent }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const bytes = Buffer.byteLength(JSON.stringify(run));
  if (bytes > MAX_START_BYTES) {
    throw new InvalidInputError(
      `${ref} with its inputs is ${bytes} bytes, more than the ${MAX_START_BYTES} a run may be started with; put large data into files or artifacts`,
      { code: 'RUN_TOO_LARGE' },
    );
  }
  return request.reuse === undefined ? run : { ...run, reuse: checkReuse(request.reuse, ref) };
}

function checkReuse(reuse: Reuse, ref: string): Reuse {
  const bytes = Buffer.byteLength(JSON.stringify(reuse));
  if (bytes <= MAX_REUSE_BYTES) return reuse;
  throw new InvalidInputError(
    `what a retry of ${ref} takes over is ${bytes} bytes, more than the ${MAX_REUSE_BYTES} a run may be started with; run it again from the start`,
    { code: 'RUN_TOO_LARGE' },
  );
}

/** The tasks of a plan whose calls may be computed again. */
function pureTasks({ calls }: KnownPlan, registry: TaskRegistry): Pick<RunInput, 'pure'> {
  const names = calls.flatMap(({ call: { uses } }) =>
    registry.get(uses)?.task.pure === undefined ? [] : [`${uses.name}@${uses.version}`],
  );
  return names.length === 0 ? {} : { pure: [...new Set(names)] };
}

/** What is computed of a plan. */
interface KnownPlan extends ReturnType<typeof callsOf> {
  digest: string;
}

/** The plans that were started last, by their text: a plan is started many times, and its digest takes as long as a run's own work. */
const known = new Map<string, KnownPlan>();
const PLANS_KEPT = 100;
/** Longer plans are few, and not kept in memory for this. */
const LONGEST_KEPT = 100_000;

function knownPlan(plan: Plan): KnownPlan {
  const text = JSON.stringify(plan);
  const kept = known.get(text);
  if (kept !== undefined) return kept;
  // Of a copy: whoever has the plan may change it.
  const own = JSON.parse(text) as Plan;
  const computed = { ...callsOf(own), digest: planDigest(own) };
  if (text.length > LONGEST_KEPT) return computed;
  if (known.size >= PLANS_KEPT) known.delete(known.keys().next().value ?? '');
  known.set(text, computed);
  return computed;
}

/** Holds everything the plan calls against what is installed here: tasks, hooks, compensations, sub-workflows. */
function checkCalls({ calls, problems }: KnownPlan, ref: string, registry: TaskRegistry): void {
  if (problems.length > 0) throw new InvalidInputError(`the plan of ${ref}: ${problems.join('; ')}`, { code: 'PLAN_INVALID' });
  const missing = calls.filter(({ call }) => !isWorkflow(call.uses) && registry.get(call.uses) === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ place, call }) => `${call.uses.name}@${call.uses.version} (${place})`);
    throw TaskError.terminal(
      'TASK_NOT_INSTALLED',
      `this worker does not have, with the contract ${ref} was checked against: ${names.join(', ')}; install them and restart the worker`,
    );
  }
}

/** The pools that tasks ask for among the calls of a plan, apart from the one that walks runs. */
export function poolsOf(calls: readonly PlacedCall[]): { pool: string; place: string; call: PlanCall }[] {
  return calls.flatMap(({ place, call, task }) =>
    task?.pool === undefined || task.pool === DEFAULT_POOL ? [] : [{ pool: task.pool, place, call }],
  );
}

function checkPools({ calls }: KnownPlan, ref: string, registry: TaskRegistry, pools: ReadonlySet<string> | undefined): void {
  const asked = poolsOf(calls);
  const waiting = asked.filter(({ call }) => registry.get(call.uses)?.task.durable === true);
  if (waiting.length > 0) {
    const names = waiting.map(({ place, call }) => `${call.uses.name} (${place})`);
    throw TaskError.terminal(
      'POOL_UNSUITABLE',
      `${ref} sends tasks to a pool that wait for people or the clock: ${names.join(', ')}; they rest in the engine and load no worker, so leave out \`pool\``,
    );
  }
  const unknown = asked.filter(({ pool }) => pools !== undefined && !pools.has(pool));
  if (unknown.length === 0) return;
  const names = unknown.map(({ pool, place }) => `"${pool}" (${place})`);
  const known = [...(pools ?? [])].filter((pool) => pool !== DEFAULT_POOL).join(', ');
  throw TaskError.terminal(
    'POOL_UNKNOWN',
    `${ref} asks for pools that no worker serves: ${names.join(', ')}; there are: ${known || 'none'}. Start a worker that serves it (maestro worker --pool ${unknown[0]?.pool}; on one machine: add it to \`pools\` in the configuration), correct the name, or leave out \`pool\``,
  );
}
