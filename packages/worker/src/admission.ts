import { randomUUID } from 'node:crypto';
import { bindInputs, planDigest } from '@summit/maestro-manifest';
import { InvalidInputError, type JsonObject, PolicyDeniedError, TaskError } from '@summit/maestro-sdk';
import { checkRunId } from './engine/restate/client.ts';
import { type RunInput, runRef } from './interpreter/run-input.ts';
import type { TaskRegistry } from './packages/tasks.ts';
import type { RunRequest } from './run.ts';

/** Largest plan with its inputs, in bytes of JSON: it is kept in the run's journal and read on every replay. */
const MAX_START_BYTES = 4 * 1024 * 1024;

/**
 * Decides whether a run may start, whoever asks: the initiator's roles, inputs against their types, tasks installed with the
 * contracts the plan was checked against. Throws `ROLE_REQUIRED`, `INPUT_INVALID`, `TASK_NOT_INSTALLED` or `RUN_TOO_LARGE`.
 */
export function admit(request: RunRequest, registry: TaskRegistry): RunInput {
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
  const missing = plan.tasks.filter((task) => registry.get(task.uses) === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ id, uses }) => `${uses.name}@${uses.version} (${id})`);
    throw TaskError.terminal(
      'TASK_NOT_INSTALLED',
      `this worker does not have, with the contract ${ref} was checked against: ${names.join(', ')}; install them and restart the worker`,
    );
  }
  const run: RunInput = {
    runId,
    plan,
    planDigest: planDigest(plan),
    inputs: (bound.values ?? {}) as JsonObject,
    initiator,
    startedAt: new Date().toISOString(),
  };
  const bytes = Buffer.byteLength(JSON.stringify(run));
  if (bytes > MAX_START_BYTES) {
    throw new InvalidInputError(
      `${ref} with its inputs is ${bytes} bytes, more than the ${MAX_START_BYTES} a run may be started with; put large data into files or artifacts`,
      { code: 'RUN_TOO_LARGE' },
    );
  }
  return run;
}
