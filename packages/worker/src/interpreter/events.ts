import type { JsonObject } from '@summit/maestro-sdk';
import type { RunEvent, RunEventType } from '../run.ts';
import { type RunInput, runRef } from './run-input.ts';

/** Where events go. Must not throw. */
export interface EventSink {
  (event: RunEvent): void;
  /** Resolves when those of before are safe: a run is not reported as ended earlier. */
  flush?(): Promise<void>;
}

/**
 * Publishes the events of one run in the order of its interpreter. The sequence is a function of what the run
 * remembers, so a replay publishes the same ids again and sinks keep the first.
 */
export class EventLog {
  #sequence = 0;
  readonly #runId: string;
  readonly #ref: string;
  readonly #sink: EventSink;

  constructor(runId: string, ref: string, sink: EventSink) {
    this.#runId = runId;
    this.#ref = ref;
    this.#sink = sink;
  }

  /** That the run was accepted. Whoever starts runs tells it too, with the same id: a run may wait for long before it is executed. */
  queued(run: RunInput): void {
    this.#sink(queuedEvent(run));
  }

  emit(type: RunEventType, data: JsonObject): void {
    this.#sink(runEvent(this.#runId, this.#ref, `${this.#sequence++}`, type, data));
  }
}

/** The time last told of, in milliseconds since the epoch, and as events say it: many come in the same millisecond. */
let [told, saying] = [0, ''];

function timeNow(): string {
  const now = Date.now();
  if (now !== told) [told, saying] = [now, new Date(now).toISOString()];
  return saying;
}

/** One event. `sequence` must be unique in the run for this event. */
export function runEvent(runId: string, ref: string, sequence: string, type: RunEventType, data: JsonObject): RunEvent {
  return {
    specversion: '1.0',
    id: `${runId}/${sequence}`,
    source: `maestro/${ref}`,
    type,
    time: timeNow(),
    subject: runId,
    data,
  };
}

/** The first event of every run. */
export function queuedEvent(run: RunInput): RunEvent {
  const { runId, plan, planDigest, initiator, inputs, parent, dryRun, traceparent, process } = run;
  const ref = runRef(plan);
  return runEvent(runId, ref, 'queued', 'run.queued', {
    ref,
    planDigest,
    initiator: { id: initiator.id, roles: [...initiator.roles] },
    inputs,
    // The history keeps it by its digest; nobody else is handed it.
    plan: plan as unknown as JsonObject,
    ...(parent === undefined ? {} : { parent }),
    ...(dryRun ? { dryRun } : {}),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(process === undefined ? {} : { process: { ...process } }),
  });
}
