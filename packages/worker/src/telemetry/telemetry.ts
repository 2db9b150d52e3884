import { context, metrics, ProxyTracerProvider, trace } from '@opentelemetry/api';
import { isTaskError } from '@summit/maestro-sdk';
import type { History } from '../history/history.ts';
import type { TaskHost } from '../interpreter/host.ts';
import type { ActiveRun, RunEvent, RunHandle, RunRequest } from '../run.ts';
import type { Runner } from '../runner.ts';
import { FirstTelling, recordedIn } from './first-telling.ts';
import { formatTraceparent } from './ids.ts';
import { KnownRuns } from './known-runs.ts';
import { Metrics } from './metrics.ts';
import { runSpan, taskSpan } from './spans.ts';
import { TracedHost } from './traced-host.ts';

/** Whether somebody has registered a provider of traces or of metrics. */
export function isProvided(): boolean {
  const provider = trace.getTracerProvider();
  const none = new ProxyTracerProvider().getDelegate();
  const traces = provider instanceof ProxyTracerProvider ? provider.getDelegate() !== none : true;
  return traces || metrics.getMeterProvider().constructor.name !== 'NoopMeterProvider';
}

/**
 * Traces and metrics of a worker, through the OpenTelemetry API. Spans of runs and tasks are made of events, when the events tell their end;
 * spans of executions are made of what is executed here. Nothing here ever fails a run.
 */
export class Telemetry {
  readonly #metrics = new Metrics();
  readonly #runs = new KnownRuns();
  readonly #telling: FirstTelling;
  /** Events are looked at one after the other, in the order of their telling. */
  #work: Promise<void> = Promise.resolve();

  /** `history`: what was told before, by any process; see {@link FirstTelling}. */
  constructor(history: History | undefined) {
    this.#telling = new FirstTelling(history && recordedIn(history));
  }

  host(host: TaskHost): TaskHost {
    return new TracedHost(host, this.#metrics);
  }

  /** To be told every event. */
  readonly listen = (event: RunEvent): void => {
    if (event.type === 'task.log' || event.type === 'task.event') return;
    this.#work = this.#work.then(() => this.#take(event)).catch(() => {});
  };

  /** The runner, whose runs are part of the trace that is active where they are started, and whose refusals are counted. */
  observed<T extends Runner>(runner: T): T {
    const start = runner.start.bind(runner);
    const close = runner.close.bind(runner);
    const unobserve = this.#metrics.observeWaiting(() => runner.active());
    return Object.assign(runner, {
      start: (request: RunRequest): Promise<RunHandle> => {
        const refused = (error: unknown) => {
          if (isTaskError(error)) this.#metrics.denied(error.code);
          throw error;
        };
        return start(withTrace(request)).catch(refused);
      },
      close: async (): Promise<void> => {
        unobserve();
        await close();
        await this.#work;
      },
    });
  }

  /** Measures what runs wait for, as `active` tells. Returns what ends it. */
  waiting(active: () => Promise<ActiveRun[]>): () => void {
    return this.#metrics.observeWaiting(active);
  }

  /** Resolves when all events of before have been looked at. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #take(event: RunEvent): Promise<void> {
    const { at, first } = await this.#telling.of(event);
    const run = this.#runs.note(event, at);
    const { task, reused } = event.data;
    // What a retry takes over was told by the run that did it.
    if (reused === true) return;
    if (first) this.#metrics.count(event, run, at);
    if (first && event.type === 'run.finished') runSpan(run, event, at);
    if ((event.type !== 'task.succeeded' && event.type !== 'task.failed') || typeof task !== 'string') return;
    const known = run.tasks.get(task);
    if (known === undefined) return;
    run.tasks.delete(task);
    if (first) taskSpan(run, task, known, event, at);
  }
}

/** A request with the trace that is active, where it names none. */
function withTrace(request: RunRequest): RunRequest {
  if (request.traceparent !== undefined) return request;
  const active = trace.getSpanContext(context.active());
  return active === undefined ? request : { ...request, traceparent: formatTraceparent(active) };
}
