import type { History } from '../history/history.ts';
import type { RunEvent } from '../run.ts';

/** When the events of a run were told first, by id: as RFC 3339, from what is recorded. */
export type Recorded = (runId: string) => Promise<ReadonlyMap<string, string>>;

/** Events that come without a break belong to one execution of the run; after one, another worker may have told more. In milliseconds. */
const BREAK_MS = 1_000;
/** How many runs are kept in mind. */
const MOST_RUNS = 50_000;

interface Told {
  recorded: Promise<ReadonlyMap<string, string>>;
  last: number;
}

/**
 * Tells whether an event is news. A process that goes on with a run of another one tells again what had happened before; the record has those
 * events with other times, which are the true ones. Without a record every event is news.
 */
export class FirstTelling {
  readonly #recorded: Recorded | undefined;
  readonly #runs = new Map<string, Told>();

  constructor(recorded: Recorded | undefined) {
    this.#recorded = recorded;
  }

  /** When it happened, in milliseconds since the epoch, and whether it is told for the first time. Never rejects. */
  async of(event: RunEvent): Promise<{ at: number; first: boolean }> {
    const own = Date.parse(event.time);
    if (this.#recorded === undefined) return { at: own, first: true };
    const time = (await this.#of(event, this.#recorded)).get(event.id);
    if (time === undefined) return { at: own, first: true };
    const at = Date.parse(time);
    return { at, first: at === own };
  }

  #of({ subject, type }: RunEvent, recorded: Recorded): Promise<ReadonlyMap<string, string>> {
    const now = performance.now();
    let told = this.#runs.get(subject);
    if (told === undefined || now - told.last > BREAK_MS) {
      const [oldest] = this.#runs.size < MOST_RUNS ? [] : this.#runs.keys();
      if (oldest !== undefined) this.#runs.delete(oldest);
      // A record that cannot be read must not keep anything from being told.
      told = { recorded: recorded(subject).catch(() => new Map<string, string>()), last: now };
      this.#runs.set(subject, told);
    }
    told.last = now;
    if (type === 'run.finished') this.#runs.delete(subject);
    return told.recorded;
  }
}

/** What a history has recorded. */
export function recordedIn(history: History): Recorded {
  return async (runId) => new Map((await history.events(runId)).map(({ event: { id, time } }) => [id, time]));
}
