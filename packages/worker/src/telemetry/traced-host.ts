import { type Attributes, context } from '@opentelemetry/api';
import type { DurableWaits, TaskCall, TaskHost } from '../interpreter/host.ts';
import type { Outcome } from '../interpreter/outcome.ts';
import { attribute } from './attributes.ts';
import type { Metrics } from './metrics.ts';
import { contextOf, failed, spanned } from './spans.ts';

/** Of the items of one list, those up to here have spans of their own; what the others do is seen below the task's. */
const MOST_ITEMS = 1_000;

/**
 * A host whose executions are spans and measured: each attempt, and each step of a durable task, when it is really executed. Around them the
 * span of their task is active, so that what other instrumentations see is found below it.
 */
export class TracedHost implements TaskHost {
  readonly #host: TaskHost;
  readonly #metrics: Metrics;

  constructor(host: TaskHost, metrics: Metrics) {
    this.#host = host;
    this.#metrics = metrics;
  }

  get inlineLimit(): number {
    return this.#host.inlineLimit;
  }

  traits(call: TaskCall['call']): ReturnType<TaskHost['traits']> {
    return this.#host.traits(call);
  }

  execute(call: TaskCall): Promise<Outcome> {
    const { name } = call.call.uses;
    return this.#spanned(`${call.subject.compensation ? 'compensate' : 'execute'} ${name}`, {}, call, () => this.#host.execute(call));
  }

  evaluate(call: TaskCall): Promise<Outcome | undefined> {
    // Like a durable task's code.
    return context.with(contextOf(call.run, call.subject.task), () => this.#host.evaluate(call));
  }

  executeDurable(call: TaskCall, waits: DurableWaits): Promise<Outcome> {
    const traced: DurableWaits = {
      sleep: (ms) => waits.sleep(ms),
      decision: (request) => waits.decision(request),
      now: () => waits.now(),
      step: (name, run) => waits.step(name, () => this.#spanned(`step ${call.call.uses.name}`, { [attribute.step]: name }, call, run)),
    };
    // Its code runs again with every replay: a span would be made each time.
    return context.with(contextOf(call.run, call.subject.task), () => this.#host.executeDurable(call, traced));
  }

  preview(call: TaskCall): Promise<Outcome> {
    return this.#host.preview(call);
  }

  async #spanned(what: string, more: Attributes, call: TaskCall, work: () => Promise<Outcome>): Promise<Outcome> {
    const { run, subject, attempt } = call;
    const { name, version } = call.call.uses;
    const begin = performance.now();
    const measured = async () => {
      const outcome = await work();
      this.#metrics.attempt(name, outcome, (performance.now() - begin) / 1_000);
      return outcome;
    };
    const parent = contextOf(run, subject.task);
    if ((subject.item ?? 0) >= MOST_ITEMS) return context.with(parent, measured);
    const attributes: Attributes = {
      [attribute.runId]: run.runId,
      [attribute.taskId]: subject.task,
      [attribute.taskName]: name,
      [attribute.taskVersion]: version,
      [attribute.attempt]: attempt,
      ...(subject.item === undefined ? {} : { [attribute.item]: subject.item }),
      ...(subject.compensation ? { [attribute.compensation]: true } : {}),
      ...more,
    };
    return spanned(what, attributes, parent, async (span) => {
      const outcome = await measured();
      if (!outcome.ok) failed(span, outcome.error);
      return outcome;
    });
  }
}
