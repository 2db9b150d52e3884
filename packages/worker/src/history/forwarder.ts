import { setTimeout as delay } from 'node:timers/promises';
import { type HostLock, takeHostLock } from '../embedded/host-lock.ts';
import type { RunEvent } from '../run.ts';
import { Outbox, type OutboxBatch } from './outbox.ts';
import { isRefusal, messageOf } from './postgres-history.ts';

/** Where events are to arrive. */
export interface Destination {
  /** Adds what is not there yet. */
  append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): void | Promise<void>;
  close(): Promise<void>;
}

export interface ForwarderOptions {
  /** Path of the outbox; beside it is the lock of the one process that empties it. */
  file: string;
  open(): Promise<Destination>;
  /** The destination, in words. */
  place: string;
  report(code: 'HISTORY_UNREACHABLE' | 'HISTORY_REACHABLE' | 'HISTORY_EVENTS_LOST', message: string): void;
  /** How long, when it is closed, it goes on emptying the outbox, in milliseconds. */
  drainMs?: number;
}

const EVENTS_AT_ONCE = 500;
const IDLE_MS = 100;
const LOCK_MS = 500;
const BACKOFF_MS = [100, 5_000] as const;
const DRAIN_MS = 3_000;
/** How long a batch that is on is waited for after that. */
const HUNG_MS = 500;

/**
 * Takes events from the outbox to the database, over and over until they are there. Of all processes with the same outbox one does it;
 * when it dies another one goes on.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #stop = new AbortController();
  readonly #work: Promise<void>;
  #outbox: Outbox | undefined;
  #destination: Destination | undefined;
  #lock: HostLock | undefined;
  #failing = false;
  #closing = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#work = this.#run();
  }

  /** Empties the outbox, if the database answers, and stops. What is left is for the next process. */
  async close(): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#stop.abort(), this.#failing ? 0 : (this.#options.drainMs ?? DRAIN_MS));
    const ended = await Promise.race([this.#work.then(() => true), this.#hung()]);
    clearTimeout(timer);
    const closed = this.#destination?.close();
    if (ended) await closed;
    else closed?.catch(() => {}); // It answers nobody any more; its connection ends with its own timeout.
    await this.#outbox?.close();
    this.#lock?.release();
  }

  /** Resolves to false when a database that is silent would be waited for too long. */
  #hung(): Promise<false> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const later = () => setTimeout(() => resolve(false), HUNG_MS).unref();
      if (signal.aborted) later();
      else signal.addEventListener('abort', later, { once: true });
    });
  }

  async #run(): Promise<void> {
    let pause: number = BACKOFF_MS[0];
    while (!this.#stop.signal.aborted) {
      try {
        this.#lock ??= await takeHostLock(`${this.#options.file}.lock`);
        if (this.#lock === undefined) {
          if (this.#closing) return;
          await this.#wait(LOCK_MS);
          continue;
        }
        const moved = await this.#move();
        this.#well();
        pause = BACKOFF_MS[0];
        if (moved === 0) {
          if (this.#closing) return;
          this.#outbox?.shrink();
          await this.#wait(IDLE_MS);
        }
      } catch (error) {
        await this.#forget();
        if (this.#closing) return;
        this.#ill(error);
        await this.#wait(pause * (0.75 + Math.random() / 2));
        pause = Math.min(pause * 2, BACKOFF_MS[1]);
      }
    }
  }

  /** Moves a batch; returns how many events that were. */
  async #move(): Promise<number> {
    if (this.#outbox?.inPlace === false) {
      await this.#outbox.close();
      this.#outbox = undefined;
    }
    this.#outbox ??= await Outbox.open(this.#options.file);
    const batch = this.#outbox.read(EVENTS_AT_ONCE);
    if (batch.events.length === 0 && batch.lost.size === 0) return 0;
    this.#destination ??= await this.#options.open();
    await this.#deliver(this.#destination, batch);
    this.#outbox.remove(batch);
    return batch.events.length;
  }

  /** An event that the database will never take must not hold up the others. */
  async #deliver(destination: Destination, { events, lost }: Pick<OutboxBatch, 'events' | 'lost'>): Promise<void> {
    try {
      await destination.append(events, lost);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [only] = events;
      if (events.length === 1 && only !== undefined) {
        const message = `the history ${this.#options.place} does not take event ${only.id} (${only.type}): ${messageOf(error)}`;
        this.#options.report('HISTORY_EVENTS_LOST', message);
        return;
      }
      const middle = Math.ceil(events.length / 2);
      await this.#deliver(destination, { events: events.slice(0, middle), lost: new Map() });
      await this.#deliver(destination, { events: events.slice(middle), lost });
    }
  }

  async #forget(): Promise<void> {
    const destination = this.#destination;
    this.#destination = undefined;
    await destination?.close().catch(() => {}); // It is given up because it failed.
  }

  #ill(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#options.report(
      'HISTORY_UNREACHABLE',
      `the history ${this.#options.place} takes no events: ${messageOf(error)}. Runs go on; their events wait in ${this.#options.file}`,
    );
  }

  #well(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.report('HISTORY_REACHABLE', `the history ${this.#options.place} takes events again; those that waited arrive now`);
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => {}); // Ended early by close.
  }
}
