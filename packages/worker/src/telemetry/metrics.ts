import { type Attributes, metrics } from '@opentelemetry/api';
import { INSTRUMENTATION } from '@summit/maestro-sdk/telemetry';
import type { Outcome } from '../interpreter/outcome.ts';
import type { ActiveRun, RunError, RunEvent } from '../run.ts';
import { attribute, metric, taskCode } from './attributes.ts';
import type { KnownRun } from './known-runs.ts';

/** Seconds, from what a call takes to what people take. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200, 86_400, 604_800];

/** Codes that say that a rule, and not a fault, was in the way. */
const DENIED = new Set(['POLICY_DENIED', 'POLICY_REFUSED', 'POLICY_UNAVAILABLE', 'ROLE_REQUIRED', 'HTTP_EGRESS_DENIED', 'EGRESS_DENIED']);

/** The instruments of a worker. Their attributes have few values: names from manifests, statuses, codes, and never an id of a run. */
export class Metrics {
  readonly #meter = metrics.getMeter(INSTRUMENTATION);
  readonly #runStarted = this.#meter.createCounter(metric.runStarted, { unit: '{run}', description: 'Runs that began' });
  readonly #runFinished = this.#meter.createCounter(metric.runFinished, { unit: '{run}', description: 'Runs that ended, by status' });
  readonly #runDuration = this.#duration(metric.runDuration, 'From the acceptance of a run to its end');
  readonly #taskFinished = this.#meter.createCounter(metric.taskFinished, { unit: '{task}', description: 'Tasks that ended, by status' });
  readonly #taskDuration = this.#duration(metric.taskDuration, 'From the start of a task to its end, with retries and waits');
  readonly #attemptDuration = this.#duration(metric.attemptDuration, 'One execution of task code');
  readonly #retries = this.#meter.createCounter(metric.retries, { unit: '{retry}', description: 'Failed attempts that are repeated' });
  readonly #denials = this.#meter.createCounter(metric.denials, { unit: '{denial}', description: 'What a rule or a policy refused' });

  /** Counts an event that happened `at`, in milliseconds since the epoch. */
  count({ type, data }: RunEvent, run: KnownRun, at: number): void {
    const runbook = { [attribute.runbook]: taskCode(run.ref).name };
    const { error, status } = data as { error?: RunError; status?: string };
    const known = typeof data.task === 'string' ? run.tasks.get(data.task) : undefined;
    const task = { [attribute.taskName]: known === undefined ? '_OTHER' : taskCode(known.uses).name };
    const finished = (how: string) => {
      const attributes: Attributes = { ...task, [attribute.taskStatus]: how, ...errorType(error) };
      this.#taskFinished.add(1, attributes);
      if (known !== undefined) this.#taskDuration.record(seconds(at - known.since), attributes);
    };
    switch (type) {
      case 'run.started':
        this.#runStarted.add(1, runbook);
        return;
      case 'run.finished': {
        const attributes: Attributes = { ...runbook, [attribute.runStatus]: String(status), ...errorType(error) };
        this.#runFinished.add(1, attributes);
        this.#runDuration.record(seconds(at - run.since), attributes);
        return;
      }
      case 'task.succeeded':
        finished('succeeded');
        return;
      case 'task.failed':
        finished(String(status));
        return;
      case 'task.skipped':
        this.#taskFinished.add(1, { [attribute.taskStatus]: 'skipped' });
        return;
      case 'task.attempt-failed':
        if (data.retryInMs !== undefined) this.#retries.add(1, { ...task, ...errorType(error) });
        if (error !== undefined) this.denied(error.code, task);
        return;
      default:
    }
  }

  /** One execution of task code, however it ended. */
  attempt(name: string, outcome: Outcome, tookSeconds: number): void {
    const attributes = { [attribute.taskName]: name, ...(outcome.ok ? {} : errorType(outcome.error)) };
    this.#attemptDuration.record(tookSeconds, attributes);
  }

  /** Counts a refusal, where `code` says that it was one. */
  denied(code: string, attributes: Attributes = {}): void {
    if (DENIED.has(code)) this.#denials.add(1, { ...attributes, [attribute.error]: code });
  }

  /** Has `active` be asked how many decisions runs wait for, by role, whenever metrics are read. Returns what ends that. */
  observeWaiting(active: () => Promise<ActiveRun[]>): () => void {
    const gauge = this.#meter.createObservableGauge(metric.waiting, {
      unit: '{decision}',
      description: 'Decisions that the runs of the engine wait for, by role: the same for every worker of an engine',
    });
    const seen = new Set<string>();
    const observe: Parameters<typeof gauge.addCallback>[0] = async (result) => {
      const roles = new Map([...seen].map((role) => [role, 0]));
      for (const { role } of (await active()).flatMap(({ pending }) => pending)) roles.set(role, (roles.get(role) ?? 0) + 1);
      for (const [role, count] of roles) {
        seen.add(role);
        result.observe(count, { [attribute.role]: role });
      }
    };
    gauge.addCallback(observe);
    return () => gauge.removeCallback(observe);
  }

  #duration(name: string, description: string) {
    return this.#meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: BUCKETS } });
  }
}

function errorType(error: RunError | undefined): Attributes {
  return error === undefined ? {} : { [attribute.error]: error.code };
}

/** Of a difference of two clocks, which may be negative. */
function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000;
}
