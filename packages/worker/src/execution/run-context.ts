import { type Artifacts, type DeclaredTask, type Logger, type RunContext, type Signer, TaskError } from '@summit/maestro-sdk';
import type { ClientPool } from '@summit/maestro-sdk/pool';
import { type EventSink, runEvent } from '../interpreter/events.ts';
import type { DurableWaits, TaskCall } from '../interpreter/host.ts';
import { runRef } from '../interpreter/run-input.ts';
import type { RunEventType } from '../run.ts';
import type { Redactor } from './redact.ts';

/** What a worker lends to every execution. */
export interface WorkerServices {
  artifacts: Artifacts;
  workspace: string;
  pool: ClientPool;
  secret(name: string): Promise<string>;
  log: Logger;
  emit: EventSink;
  signer?: Signer;
}

/** The context of one attempt. `waits` is present for durable tasks only. */
export function runContext(
  call: TaskCall,
  task: DeclaredTask,
  services: WorkerServices,
  signal: AbortSignal,
  redactor: Redactor,
  waits: DurableWaits | undefined,
): RunContext {
  const { run, attempt } = call;
  const ref = runRef(run.plan);
  const taskId = call.task.id;
  let sequence = 0;
  const publish = (type: RunEventType, data: Record<string, unknown>) => {
    const event = runEvent(run.runId, ref, `${taskId}/${attempt}/${sequence++}`, type, {
      task: taskId,
      attempt,
      ...redactor.value(data),
    } as never);
    services.emit(event);
  };
  const log = (level: 'info' | 'error') => (message: string, fields?: Record<string, unknown>) => {
    publish('task.log', { level, message, ...(fields === undefined ? {} : { fields }) });
    services.log[level](redactor.text(message), { runId: run.runId, task: taskId, attempt, ...redactor.value(fields ?? {}) });
  };
  const notDurable = () =>
    Promise.reject(
      TaskError.terminal('TASK_NOT_DURABLE', `${task.name} waits on the engine, which only a task declared with durable: true may do`),
    );
  const context: RunContext = {
    runId: run.runId,
    workflowRef: `${run.plan.workflow.name}@${run.plan.workflow.version}`,
    namespace: 'default',
    correlation: { runId: run.runId, taskId, workflow: run.plan.workflow.name },
    logger: { info: log('info'), error: log('error') },
    async secrets(key) {
      if (!task.secrets?.includes(key)) {
        throw TaskError.terminal('SECRET_UNDECLARED', `${task.name} asked for the secret ${key}, which it does not declare`);
      }
      const value = await services.secret(key);
      redactor.add(value);
      return value;
    },
    async emit(event, payload) {
      publish('task.event', { event, payload });
    },
    taskId,
    attempt,
    // One step of one run: the same for all of its attempts, also after a crash.
    idempotencyKey: `${run.runId}/${taskId}`,
    signal,
    dryRun: false,
    initiator: run.initiator,
    artifacts: services.artifacts,
    workspace: services.workspace,
    pool: (key, open, close) => services.pool.get(key, open, close),
    sleep: waits ? (ms) => waits.sleep(ms) : notDurable,
    decision: waits ? (request) => waits.decision(request) : notDurable,
    now: waits ? () => waits.now() : async () => Date.now(),
  };
  if (run.plan.policy !== undefined) context.policy = run.plan.policy;
  if (services.signer !== undefined) context.signer = services.signer;
  return context;
}
