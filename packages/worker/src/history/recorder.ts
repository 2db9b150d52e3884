import { TaskError } from '@summit/maestro-sdk';
import type { RunEvent } from '../run.ts';
import { LOCKED_AGAIN_MS, Patience, sqliteReason, whileLocked } from './sqlite.ts';

/** Where events are made safe, at once. */
export interface EventStore {
  readonly file: string;
  /** False when the path leads to another file now. */
  readonly inPlace: boolean;
  /** All of them or, when it throws, none. `lost`: how many events of which runs will never come. */
  append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): void;
  close(): Promise<void>;
}

export interface RecorderOptions<Store extends EventStore = EventStore> {
  /** Opens the file, again after it failed. */
  open(): Promise<Store>;
  file: string;
  /** Tells the operator. */
  report(code: 'HISTORY_UNWRITABLE' | 'HISTORY_WRITABLE' | 'HISTORY_EVENTS_LOST', message: string): void;
  /** Bytes of events that may wait in memory while the file cannot be written; beyond it, and up to its double, only what tasks log is dropped. */
  maxWaiting?: number;
  /** How long a lock of another process is waited for before that is told, in milliseconds. */
  patienceMs?: number;
  /** First and longest pause between attempts to write to a file that failed, in milliseconds. */
  retryMs?: readonly [first: number, longest: number];
}

/** What is known while the file cannot be written. */
interface Failing {
  pauseMs: number;
  /** Of the events that wait. */
  bytes: number;
  /** How many events of which runs were dropped. */
  lost: Map<string, number>;
  lostInAll: number;
}

/** Least time between two writes, in milliseconds: what comes meanwhile is written together. */
const BATCH_MS = 20;
/**
 * The same while the end of a run waits for it: as many as there were events in the last batch, within these bounds. Where there is much to do
 * batches are larger, for each has a price.
 */
const URGENT_MS = { least: 3, most: 40 };
/** How often it is checked that the file is still where it was, in milliseconds. */
const CHECK_MS = 1_000;
const MAX_WAITING = 64 * 1024 * 1024;

/**
 * Writes events into a file: at once when there are few, in batches when there are many. While the file cannot be written events wait in memory,
 * within a bound, and runs go on.
 */
export class Recorder<Store extends EventStore = EventStore> {
  readonly #options: RecorderOptions<Store>;
  readonly #maxWaiting: number;
  #store: Store | undefined;
  #queue: RunEvent[] = [];
  #waiters: (() => void)[] = [];
  #timer: { handle: NodeJS.Timeout; due: number } | undefined;
  #lastWrite = 0;
  /** Events in it. */
  #lastBatch = 0;
  #lastCheck = 0;
  /** Present while another process holds the lock. */
  #patience: Patience | undefined;
  /** Present while the file cannot be written and that has been told. */
  #failing: Failing | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: RecorderOptions<Store>) {
    this.#options = options;
    this.#maxWaiting = options.maxWaiting ?? MAX_WAITING;
  }

  /** Opens the file. Throws what no waiting heals (`HISTORY_NEWER`, `HISTORY_FOREIGN`); of anything else the operator is told. */
  async start(): Promise<void> {
    try {
      this.#store = await whileLocked(this.#options.open, this.#options.patienceMs);
    } catch (error) {
      if (error instanceof TaskError) throw error;
      this.#failed(error);
    }
  }

  /** The file, when it is open. */
  get store(): Store | undefined {
    return this.#store;
  }

  record(event: RunEvent): void {
    if (this.#failing !== undefined && !this.#roomFor(event)) return;
    this.#queue.push(event);
    if (this.#failing === undefined) this.#schedule(Math.max(BATCH_MS, this.#urgentMs));
  }

  /** Resolves when everything recorded so far is in the file, or waits in memory because the file cannot be written. */
  flush(): Promise<void> {
    if (this.#failing !== undefined || (this.#queue.length === 0 && this.#writing === undefined)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#schedule(this.#urgentMs);
    });
  }

  /** Writes what is left and closes the file; tells what could not be written. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer.handle);
    await this.#writing;
    while (this.#queue.length > 0) {
      await this.#write();
      if (this.#failing !== undefined) break;
      if (this.#queue.length > 0) await new Promise((resolve) => setTimeout(resolve, LOCKED_AGAIN_MS));
    }
    const lost = this.#queue.length + (this.#failing?.lostInAll ?? 0);
    if (lost > 0) {
      const message = `${lost} events are not in the history ${this.#options.file}: it could not be written until the end`;
      this.#options.report('HISTORY_EVENTS_LOST', message);
    }
    this.#release();
    await this.#store?.close();
  }

  get #urgentMs(): number {
    return Math.min(Math.max(URGENT_MS.least, this.#lastBatch), URGENT_MS.most);
  }

  #schedule(batchMs: number, atLeast = 0): void {
    if (this.#closed) return;
    const now = performance.now();
    const due = Math.max(this.#lastWrite + batchMs, now + atLeast);
    if (this.#timer !== undefined) {
      if (this.#timer.due <= due) return;
      clearTimeout(this.#timer.handle);
    }
    const handle = setTimeout(() => {
      this.#timer = undefined;
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
    }, due - now);
    this.#timer = { handle, due };
  }

  async #write(): Promise<void> {
    try {
      if (this.#store === undefined || this.#misplaced()) {
        await this.#store?.close();
        this.#store = undefined;
        this.#store = await this.#options.open();
      }
      const queue = this.#queue;
      this.#store.append(queue, this.#failing?.lost);
      // What was recorded meanwhile: nothing, for appending holds the thread.
      this.#queue = [];
      this.#lastWrite = performance.now();
      this.#lastBatch = queue.length;
      this.#patience = undefined;
      this.#recovered(queue.length);
      this.#release();
    } catch (error) {
      this.#lastWrite = performance.now();
      if (this.#mayPass(error)) this.#schedule(0, LOCKED_AGAIN_MS);
      else this.#failed(error);
    }
  }

  /** Whether it is too early to speak of a failure. */
  #mayPass(error: unknown): boolean {
    if (sqliteReason(error) !== 'locked' || this.#failing !== undefined) return false;
    this.#patience ??= new Patience(this.#options.patienceMs);
    return !this.#patience.isOver();
  }

  #misplaced(): boolean {
    const now = performance.now();
    if (now - this.#lastCheck < CHECK_MS) return false;
    this.#lastCheck = now;
    return this.#store?.inPlace === false;
  }

  #failed(error: unknown): void {
    const [first, longest] = this.#options.retryMs ?? [500, 10_000];
    if (this.#failing === undefined) {
      this.#failing = { pauseMs: first, bytes: 0, lost: new Map(), lostInAll: 0 };
      for (const event of this.#queue) this.#failing.bytes += bytesOf(event);
      this.#options.report(
        'HISTORY_UNWRITABLE',
        `the history ${this.#options.file} cannot be written: ${reasonText(error)}. Runs go on; their events wait in memory (at most ${this.#maxWaiting / 1_048_576} MiB) and are written when that is possible again`,
      );
    } else this.#failing.pauseMs = Math.min(this.#failing.pauseMs * 2, longest);
    // A damaged or missing file may have been replaced by the next time.
    if (sqliteReason(error) !== 'locked') this.#forgetStore();
    this.#release();
    this.#schedule(0, this.#failing.pauseMs);
  }

  #forgetStore(): void {
    const store = this.#store;
    this.#store = undefined;
    store?.close().catch(() => {}); // It is given up because it failed.
  }

  #recovered(written: number): void {
    const failing = this.#failing;
    if (failing === undefined) return;
    this.#failing = undefined;
    const { report, file } = this.#options;
    report('HISTORY_WRITABLE', `the history ${file} is written again: ${written} events that waited are in it`);
    if (failing.lostInAll > 0) {
      const runs = [...failing.lost.keys()];
      const named = runs.length > 5 ? `${runs.slice(0, 5).join(', ')} and ${runs.length - 5} more` : runs.join(', ');
      report('HISTORY_EVENTS_LOST', `${failing.lostInAll} events are missing in the history ${file}, of the runs ${named}`);
    }
  }

  /** Whether another event may wait; counts it as lost where not. */
  #roomFor(event: RunEvent): boolean {
    const failing = this.#failing as Failing;
    const bytes = bytesOf(event);
    const limit = event.type === 'task.log' || event.type === 'task.event' ? this.#maxWaiting : this.#maxWaiting * 2;
    if (failing.bytes + bytes <= limit) {
      failing.bytes += bytes;
      return true;
    }
    if (failing.lostInAll === 0) {
      const message = `the history ${this.#options.file} cannot be written for too long: events are dropped from now on, first what tasks log`;
      this.#options.report('HISTORY_EVENTS_LOST', message);
    }
    failing.lostInAll += 1;
    failing.lost.set(event.subject, (failing.lost.get(event.subject) ?? 0) + 1);
    return false;
  }

  #release(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

/** About what an event takes in memory. */
function bytesOf(event: RunEvent): number {
  return JSON.stringify(event.data).length * 2 + 400;
}

const REASONS: Record<string, string> = {
  locked: 'another process keeps it locked; end that process (a database browser, a backup)',
  'read-only': 'it is read-only; give this user the right to write it and its folder',
  full: 'the disk is full; free some space',
  broken: 'the file is damaged; move it away, and a new one is begun (sqlite3 FILE .recover reads what can be saved)',
  io: 'the disk reports an error; look at the system log',
  unusable: 'the file cannot be opened; see that its folder exists and is writable',
};

export function reasonText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const reason = REASONS[sqliteReason(error) ?? ''];
  return reason === undefined ? message : `${reason} (${message})`;
}
