import { hash } from 'node:crypto';
import { hasLocalPool, type RunContext, type TaskError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';

/** A client that has rested for longer is checked before it is used again, in milliseconds. */
const CHECK_AFTER_MS = 30_000;
/** A client nobody has used for so long is closed; the next use opens another. */
const CLOSE_AFTER_MS = 5 * 60_000;
/** The same where no worker closes clients when it stops: a script that called a task must come to its end. */
const CLOSE_LOCAL_AFTER_MS = 1_000;
/** How long a health check may take. */
const CHECK_MS = 5_000;

/** How to make, check and end one kind of client. None of these may hold on to the context of the call that asks first: the client outlives it. */
export interface ConnectionSpec<T> {
  /** `kafka`, `postgres`...: begins the pool key. */
  kind: string;
  /** What tells one connection from another, as JSON with its fields in a fixed order. May hold secrets: only its digest is kept. */
  config: unknown;
  /** Aborted after `connectTimeoutMs`, and when the worker stops. */
  open(signal: AbortSignal): Promise<T>;
  close(client: T): Promise<void> | void;
  /** Asked after a rest; false or a rejection replaces the client. */
  healthy?(client: T): Promise<boolean> | boolean;
  connectTimeoutMs: number;
  /** The error of an `open` that took longer. */
  late(ms: number): TaskError;
}

/** The one connection of this worker for a configuration, opened by its first use. */
export function connection<T>(ctx: RunContext, spec: ConnectionSpec<T>): Promise<Connection<T>> {
  const key = `${spec.kind}:${hash('sha256', JSON.stringify(spec.config))}`;
  return ctx.pool(
    key,
    async () => new Connection(spec, hasLocalPool(ctx) ? CLOSE_LOCAL_AFTER_MS : CLOSE_AFTER_MS),
    (opened) => opened.close(),
  );
}

interface Held<T> {
  client: T;
  users: number;
  lastUsed: number;
  discarded: boolean;
}

/** A shared client that is opened when it is needed, checked after a rest, closed when it is not used, and replaced when it is broken. */
export class Connection<T> {
  readonly #spec: ConnectionSpec<T>;
  readonly #stopping = new AbortController();
  #held: Promise<Held<T>> | undefined;
  /** What `#held` has resolved to. */
  #open: Held<T> | undefined;
  #idle: NodeJS.Timeout | undefined;
  readonly #closing = new Set<Promise<void>>();

  readonly #closeAfterMs: number;

  constructor(spec: ConnectionSpec<T>, closeAfterMs = CLOSE_AFTER_MS) {
    this.#spec = spec;
    this.#closeAfterMs = closeAfterMs;
  }

  /**
   * Runs `work` with the client, which stays open at least until it has ended. `broken` tells by the error whether the client is of no further use;
   * the next call then opens another. Rejects with the signal's reason as soon as that is aborted while the client is being opened.
   */
  async use<R>(signal: AbortSignal, work: (client: T) => Promise<R>, broken: (error: unknown) => boolean = () => false): Promise<R> {
    signal.throwIfAborted();
    const held = this.#fresh() ?? (await orAbort(this.#take(), signal));
    held.users++;
    try {
      return await work(held.client);
    } catch (error) {
      if (broken(error)) this.#discard(held);
      throw error;
    } finally {
      held.users--;
      held.lastUsed = performance.now();
      if (held.discarded) this.#end(held);
      else this.#rest();
    }
  }

  /** Closes the client, and whatever is still being closed; the next `use` would open another. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#stopping.abort(new Error('the worker is stopping'));
    const opening = this.#held;
    this.#held = undefined;
    this.#open = undefined;
    const held = await opening?.catch(() => undefined);
    if (held !== undefined && !held.discarded) {
      held.discarded = true;
      await this.#spec.close(held.client);
    }
    await Promise.all(this.#closing);
  }

  /** The client where it is open, and was used a moment ago: nothing is to be waited for. */
  #fresh(): Held<T> | undefined {
    const held = this.#open;
    if (held === undefined || held.discarded) return undefined;
    return held.users > 0 || performance.now() - held.lastUsed < CHECK_AFTER_MS ? held : undefined;
  }

  async #take(): Promise<Held<T>> {
    for (;;) {
      this.#held ??= this.#opening();
      const held = await this.#held;
      if (held.discarded) continue;
      if (held.users > 0 || performance.now() - held.lastUsed < CHECK_AFTER_MS || (await this.#healthy(held))) return held;
      this.#discard(held);
    }
  }

  async #healthy(held: Held<T>): Promise<boolean> {
    if (this.#spec.healthy === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, CHECK_MS, false);
    });
    try {
      return await Promise.race([late, this.#spec.healthy(held.client)]);
    } catch {
      // However a check fails: the client is replaced, and what is wrong shows when another is opened.
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  #opening(): Promise<Held<T>> {
    const opening = this.#opened();
    opening.then(
      (held) => {
        if (this.#held === opening) this.#open = held;
      },
      () => {
        if (this.#held === opening) this.#held = undefined;
      },
    );
    return opening;
  }

  async #opened(): Promise<Held<T>> {
    const { connectTimeoutMs, late, open, close } = this.#spec;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(late(connectTimeoutMs)), connectTimeoutMs);
    const onStop = () => controller.abort(this.#stopping.signal.reason);
    if (this.#stopping.signal.aborted) onStop();
    this.#stopping.signal.addEventListener('abort', onStop);
    try {
      const client = open.call(this.#spec, controller.signal);
      // One that is there after all when nobody waits for it any more must not stay open.
      client.then(
        (late) => controller.signal.aborted && void this.#track(() => close.call(this.#spec, late)),
        () => {},
      );
      const opened = await orAbort(client, controller.signal);
      return { client: opened, users: 0, lastUsed: performance.now(), discarded: false };
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(timer);
      this.#stopping.signal.removeEventListener('abort', onStop);
    }
  }

  #discard(held: Held<T>): void {
    if (held.discarded) return;
    held.discarded = true;
    this.#held = undefined;
    this.#open = undefined;
    if (held.users === 0) this.#end(held);
  }

  /** Closes a client that was given up, once nobody uses it. */
  #end(held: Held<T>): void {
    if (held.users > 0) return;
    void this.#track(() => this.#spec.close(held.client));
  }

  /** A broken client may refuse to be closed, which changes nothing: it has been given up. */
  async #track(close: () => Promise<void> | void): Promise<void> {
    const done = (async () => close())().then(
      () => {},
      () => {},
    );
    this.#closing.add(done);
    await done;
    this.#closing.delete(done);
  }

  #rest(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#idle !== undefined) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => void this.#closeIdle(), this.#closeAfterMs);
    // Nothing keeps a process alive for the sake of closing a client.
    this.#idle.unref();
  }

  async #closeIdle(): Promise<void> {
    const held = await this.#held?.catch(() => undefined);
    if (held === undefined || held.users > 0) return;
    // Used again while this was on its way; the two clocks may also differ a little.
    if (performance.now() - held.lastUsed < this.#closeAfterMs * 0.9) this.#rest();
    else this.#discard(held);
  }
}
