import type { RunEvent } from '../run.ts';
import { addFacts, noFacts, type RunFacts } from './facts.ts';
import { QUESTION_EVENTS } from './questions.ts';

/** A batch of events, by run. */
export interface RunBatch {
  facts: RunFacts;
  /** A question is among them, or an answer. */
  asks: boolean;
  /** Something is among them that may end a question. */
  answers: boolean;
}

const OPENING: ReadonlySet<string> = new Set(['run.awaiting-approval', 'decision.made']);
const CLOSING: ReadonlySet<string> = new Set(QUESTION_EVENTS);

/** What a batch says of the runs in it. */
export function batchOf(events: readonly RunEvent[]): Map<string, RunBatch> {
  const runs = new Map<string, RunBatch>();
  for (const event of events) {
    let batch = runs.get(event.subject);
    if (batch === undefined) {
      batch = { facts: noFacts(event), asks: false, answers: false };
      runs.set(event.subject, batch);
    }
    addFacts(batch.facts, event);
    if (OPENING.has(event.type)) batch.asks = true;
    else if (CLOSING.has(event.type)) batch.answers = true;
  }
  return runs;
}

/** The part of an event's id that tells it from others of its run. */
export function keyOf({ id, subject }: RunEvent): string {
  return id.startsWith(`${subject}/`) ? id.slice(subject.length + 1) : id;
}
