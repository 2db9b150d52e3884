import type { History } from '../history/history.ts';
import type { Recording } from '../history/open-history.ts';
import { withoutPlan } from '../history/plans.ts';
import type { EventSink } from '../interpreter/events.ts';
import type { RunEvent } from '../run.ts';

/** Of how many runs it is known what was published; those of the longest ago are forgotten first. */
const MOST_RUNS = 100_000;

/** The highest sequence published: of the run itself, and of each of its attempts that said something. */
interface Published {
  last: number;
  attempts?: Map<string, number>;
}

/**
 * Hands every event of a run to its listeners once, however often a replay publishes it, and to the history. Ids end with a sequence that
 * is published in order, so of every run one number is kept and not all of its ids.
 */
export class EventEmitter {
  readonly #listeners = new Set<(event: RunEvent) => void>();
  /** Per run that has not ended here. */
  readonly #published = new Map<string, Published>();
  readonly #recording: Recording | undefined;
  readonly publish: EventSink;
  /** For events of runs that are walked elsewhere; they may come again. */
  readonly forward: EventSink;

  constructor(recording?: Recording) {
    this.#recording = recording;
    const flush = async () => recording?.flush();
    this.publish = Object.assign((event: RunEvent) => this.#publish(event), { flush });
    this.forward = Object.assign((event: RunEvent) => this.#tell(event), { flush });
  }

  get history(): History | undefined {
    return this.#recording?.history;
  }

  /** For the history alone: what is not an event of a run that is executed here. */
  record(event: RunEvent): void {
    this.#recording?.record(event);
  }

  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** To be called when nothing is published any more. */
  async close(): Promise<void> {
    await this.#recording?.close();
  }

  #publish(event: RunEvent): void {
    if (!this.#isNew(event)) return;
    if (event.type === 'run.finished') this.#published.delete(event.subject);
    this.#tell(event);
  }

  #tell(event: RunEvent): void {
    this.#recording?.record(event);
    const shown = withoutPlan(event);
    // Who hears that a run has ended may ask the history for it at once.
    if (event.type === 'run.finished' && this.#recording) void this.#recording.flush().then(() => this.#say(shown));
    else this.#say(shown);
  }

  #say(event: RunEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #isNew({ id, subject }: RunEvent): boolean {
    let published = this.#published.get(subject);
    if (published === undefined) {
      if (this.#published.size >= MOST_RUNS) {
        const [oldest = ''] = this.#published.keys();
        this.#published.delete(oldest);
      }
      published = { last: -2 };
      this.#published.set(subject, published);
    }
    const cut = id.lastIndexOf('/');
    const word = id.slice(cut + 1);
    // `queued` comes before 0.
    const sequence = word === 'queued' ? -1 : Number(word);
    if (cut === subject.length) {
      if (sequence <= published.last) return false;
      published.last = sequence;
      return true;
    }
    // `<run>/<task>/<attempt>/<sequence>`
    const attempt = id.slice(subject.length + 1, cut);
    published.attempts ??= new Map();
    if (sequence <= (published.attempts.get(attempt) ?? -1)) return false;
    published.attempts.set(attempt, sequence);
    return true;
  }
}
