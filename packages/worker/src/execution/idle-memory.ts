import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Logger } from '@summit/maestro-sdk';

/** So many executions leave something behind that is worth to be given back. */
const ENOUGH = 200;
/** A worker in which nothing has begun for so long has time, in milliseconds. */
const QUIET_MS = 5_000;

/**
 * Gives back to the system what a burst of executions has left in memory. V8 collects when room becomes short, and not because there is nothing else to do:
 * ten thousand runs that wait for people would hold for days what their beginning took.
 */
export class IdleMemory {
  readonly #collect: () => Promise<void>;
  readonly #log: Logger | undefined;
  #executions = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(log?: Logger, collect = collectGarbage) {
    this.#log = log;
    this.#collect = collect;
  }

  /** An execution begins. */
  used(): void {
    this.#executions += 1;
    if (this.#closed) return;
    if (this.#timer === undefined) this.#timer = setTimeout(() => void this.#quiet(), QUIET_MS).unref();
    else this.#timer.refresh();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #quiet(): Promise<void> {
    if (this.#executions < ENOUGH) return;
    this.#executions = 0;
    try {
      await this.#collect();
    } catch (error) {
      // V8 collects in its own time.
      this.close();
      this.#log?.info('memory is not given back while this worker is idle', { reason: (error as Error).message });
    }
  }
}

/**
 * One collection, between other work. What lets go of everything (inspector, `Isolate::LowMemoryNotification`) also drops compiled code, and the next thousands
 * of executions would pay for it.
 */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  await gc({ type: 'major', execution: 'async' });
}
