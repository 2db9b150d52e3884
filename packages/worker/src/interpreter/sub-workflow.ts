import { bindInputs, evaluateTemplate, type Plan, type PlanBody, type PlanUses } from '@summit/maestro-manifest';
import type { RunError } from '../run.ts';
import type { Activity, CallSpec, Ending, Frame } from './activity.ts';
import type { WorkflowIdentity } from './host.ts';
import { messageOf } from './outcome.ts';
import { nameOf } from './subject.ts';
import { type WorkflowEnd, WorkflowWalk } from './workflow-walk.ts';

const KIND = 'workflows/';

export function isWorkflow(uses: PlanUses): boolean {
  return uses.name.startsWith(KIND);
}

/** The body of a sub-workflow, by the key it has in the plan. */
export function bodyOf(plan: Plan, uses: PlanUses): PlanBody | undefined {
  const ref = refOf(uses);
  return plan.workflows && Object.hasOwn(plan.workflows, ref) ? plan.workflows[ref] : undefined;
}

function refOf({ name, version }: PlanUses): string {
  return `${name.slice(KIND.length)}@${version}`;
}

/** A workflow as a task of another: part of the same run, its tasks named `parent/child`. */
export class SubWorkflow implements Activity {
  readonly #frame: Frame;
  readonly #spec: CallSpec;
  #walk: WorkflowWalk | undefined;

  constructor(frame: Frame, spec: CallSpec) {
    this.#frame = frame;
    this.#spec = spec;
  }

  async start(): Promise<void> {
    const { call, scope, subject, workflow } = this.#spec;
    const body = bodyOf(this.#frame.run.plan, call.uses);
    const ref = refOf(call.uses);
    if (body === undefined) return this.#fail('PLAN_INVALID', `the plan does not hold the workflow ${ref}`);
    let given: unknown;
    try {
      given = evaluateTemplate(call.with, scope);
    } catch (error) {
      return this.#fail('EXPRESSION_FAILED', `parameters of ${ref}: ${messageOf(error)}`);
    }
    const bound = bindInputs(body.parameters, given as Record<string, unknown>, { noun: 'parameter' });
    if (bound.problems.length > 0) {
      const why = bound.problems.map(({ message }) => message).join('; ');
      return this.#fail('PARAMETER_INVALID', `parameters of ${ref}: ${why}`, bound.problems);
    }
    const identity: WorkflowIdentity = { ref, name: ref.slice(0, ref.lastIndexOf('@')) };
    const policy = body.policy ?? workflow.policy;
    if (policy !== undefined) identity.policy = policy;
    const { status: _status, error: _error, ...run } = scope.run;
    const timeout = Math.min(call.timeout ?? Number.POSITIVE_INFINITY, body.timeout ?? Number.POSITIVE_INFINITY);
    this.#walk = new WorkflowWalk(this.#frame, {
      body,
      workflow: identity,
      prefix: `${nameOf(subject)}/`,
      params: bound.values ?? {},
      run,
      ...(Number.isFinite(timeout) ? { timeout: { ms: timeout, error: this.#timeout(ref, timeout) } } : {}),
      onEnd: (end) => this.#ended(end),
    });
    await this.#walk.start();
  }

  async stop(error: RunError): Promise<void> {
    await this.#walk?.stop('cancelled', error);
  }

  /** It is one execution of its parent, and comes to its end. */
  async drain(): Promise<void> {}

  #ended({ status, outputs, error, records, undo }: WorkflowEnd): void | Promise<void> {
    const more = { attempts: 1, records, undo };
    if (status !== 'succeeded') {
      const cause = error ?? { code: 'RUN_CANCELLED', message: 'it was cancelled' };
      return this.#spec.onEnd({ status, error: cause, ...more });
    }
    const bytes = Buffer.byteLength(JSON.stringify(outputs ?? {}));
    const { inlineLimit } = this.#frame.host;
    if (bytes <= inlineLimit) return this.#spec.onEnd({ status, output: outputs ?? {}, ...more });
    const message = `the outputs of ${this.#spec.call.uses.name} are ${bytes} bytes, more than the ${inlineLimit} that are carried inline; have it write an artifact`;
    return this.#spec.onEnd({ status: 'failed', error: { code: 'OUTPUT_TOO_LARGE', message, retryable: false }, ...more });
  }

  #timeout(ref: string, ms: number): RunError {
    const { task } = this.#spec.subject;
    return { code: 'TIMEOUT', message: `${nameOf(this.#spec.subject)} (${ref}) took longer than ${ms} ms`, task, retryable: false };
  }

  #fail(code: string, message: string, details?: unknown): void | Promise<void> {
    const { task, item } = this.#spec.subject;
    const error: RunError = { code, message, task, ...(item === undefined ? {} : { item }), retryable: false };
    if (details !== undefined) error.details = details;
    const ending: Ending = { status: 'failed', error, attempts: 1 };
    return this.#spec.onEnd(ending);
  }
}
