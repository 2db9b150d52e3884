import type { JsonObject } from '@summit/maestro-sdk';
import type { RunEvent, RunEventType } from '../run.ts';

/** Where events go. Must not throw. */
export type EventSink = (event: RunEvent) => void;

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

  emit(type: RunEventType, data: JsonObject): void {
    this.#sink(runEvent(this.#runId, this.#ref, `${this.#sequence++}`, type, data));
  }
}

/** One event. `sequence` must be unique in the run for this event. */
export function runEvent(runId: string, ref: string, sequence: string, type: RunEventType, data: JsonObject): RunEvent {
  return {
    specversion: '1.0',
    id: `${runId}/${sequence}`,
    source: `maestro/${ref}`,
    type,
    time: new Date().toISOString(),
    subject: runId,
    data,
  };
}
