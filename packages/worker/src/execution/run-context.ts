import { type Artifacts, type DeclaredTask, type Logger, type RunContext, type Signer, TaskError } from '@summit/maestro-sdk';
import type { ClientPool } from '@summit/maestro-sdk/pool';
import { type EventSink, runEvent } from '../interpreter/events.ts';
import type { DurableWaits, TaskCall } from '../interpreter/host.ts';
import type { Outcome } from '../interpreter/outcome.ts';
import { runRef } from '../interpreter/run-input.ts';
import { nameOf, subjectData } from '../interpreter/subject.ts';
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
  /** Gates may pass that say themselves that they are approved. */
  preApproval?: boolean;
  /** Whether code that a task is given may be executed; nobody else is asked. */
  trusts?(code: string): Promise<boolean>;
  /** What tasks may connect to although it is not public. */
  egressAllow: readonly string[];
}

/** Does a step and resolves to its outcome. */
export type StepRunner = (name: string, run: (signal: AbortSignal) => Promise<unknown>) => Promise<Outcome>;

/** The context of one attempt. `durable` is present for durable tasks only. */
export function runContext(
  call: TaskCall,
  task: DeclaredTask,
  services: WorkerServices,
  signal: AbortSignal,
  redactor: Redactor,
  durable: { waits: DurableWaits; step: StepRunner } | undefined,
): RunContext {
  const waits = durable?.waits;
  const { run, attempt, workflow } = call;
  const ref = runRef(run.plan);
  const dryRun = run.dryRun === true;
  const taskId = nameOf(call.subject);
  const subject = subjectData(call.subject);
  let sequence = 0;
  const publish = (type: RunEventType, data: Record<string, unknown>) => {
    const event = runEvent(run.runId, ref, `${taskId}/${attempt}/${sequence++}`, type, {
      ...subject,
      attempt,
      ...redactor.value(data),
    } as never);
    (call.emit ?? services.emit)(event);
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
    workflowRef: workflow.ref,
    namespace: 'default',
    correlation: { runId: run.runId, taskId, workflow: workflow.name },
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
    // One execution of one run: the same for all of its attempts, also after a crash and in a retry of the run; another one for what undoes it.
    idempotencyKey: `${call.begunIn ?? run.runId}/${taskId}`,
    signal,
    dryRun,
    initiator: run.initiator,
    artifacts: services.artifacts,
    workspace: services.workspace,
    pool: (key, open, close) => services.pool.get(key, open, close),
    // A preview waits for nothing and asks nobody.
    sleep: waits ? (ms) => (dryRun ? Promise.resolve() : waits.sleep(ms)) : notDurable,
    decision: waits ? (request) => (dryRun ? Promise.resolve([]) : waits.decision(request)) : notDurable,
    egress: { allow: services.egressAllow },
    step: durable ? (name, run) => step(durable, name, run) : notDurable,
    now: waits ? () => waits.now() : async () => Date.now(),
  };
  if (workflow.policy !== undefined) context.policy = workflow.policy;
  if (services.signer !== undefined) context.signer = services.signer;
  if (services.trusts !== undefined) context.trusts = (code) => services.trusts?.(code) ?? Promise.resolve(false);
  if (services.preApproval === true) context.preApproval = true;
  return context;
}

async function step<T>(
  { waits, step: runStep }: { waits: DurableWaits; step: StepRunner },
  name: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const outcome = await waits.step(name, () => runStep(name, run));
  if (outcome.ok) return outcome.output as T;
  const { code, message, retryable, retryAfterMs, details } = outcome.error;
  throw new TaskError(message, { code, retryable, details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
