import { availableParallelism } from 'node:os';
import { type RunContext, TransientError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import { type MapperLimits, MapperProcess } from './mapper-process.ts';

/** Who waits for a place. */
interface Waiting {
  start: () => void;
  refuse: (error: Error) => void;
}

/** The processes of mappers that run at the same time: as many as there are processors; who comes later waits. */
class Processes {
  readonly #most = availableParallelism();
  readonly #running = new Set<Promise<MapperProcess>>();
  readonly #queue: Waiting[] = [];
  #taken = 0;
  #closed = false;

  /** Waits for a place, and takes it. */
  async enter(signal: AbortSignal): Promise<void> {
    if (this.#closed) throw stopped();
    if (this.#taken < this.#most) {
      this.#taken++;
      return;
    }
    const entry: Waiting = { start: () => {}, refuse: () => {} };
    const turn = new Promise<void>((resolve, reject) => {
      entry.start = resolve;
      entry.refuse = reject;
    });
    this.#queue.push(entry);
    try {
      await orAbort(turn, signal);
    } catch (error) {
      const at = this.#queue.indexOf(entry);
      if (at >= 0) this.#queue.splice(at, 1);
      // The place was given at the moment of the abort.
      else if (!this.#closed) this.leave();
      throw error;
    }
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next) next.start();
    else this.#taken--;
  }

  watch(started: Promise<MapperProcess>): () => void {
    this.#running.add(started);
    return () => this.#running.delete(started);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { refuse } of this.#queue.splice(0)) refuse(stopped());
    const running = await Promise.allSettled(this.#running);
    await Promise.all(running.map((each) => (each.status === 'fulfilled' ? each.value.close(stopped()) : undefined)));
  }
}

function stopped(): TransientError {
  return new TransientError('the worker stops; the mapper runs again elsewhere', { code: 'MAPPER_STOPPED' });
}

/** Runs `work` with a process for the mapper, which has ended when this settles. Rejects with the signal's reason as soon as that is aborted. */
export async function withMapper<T>(
  ctx: Pick<RunContext, 'pool' | 'signal'>,
  code: string,
  vars: unknown,
  limits: MapperLimits,
  work: (mapper: MapperProcess) => Promise<T>,
): Promise<T> {
  const processes = await ctx.pool(
    'tasks/transform.map mappers',
    async () => new Processes(),
    (all) => all.close(),
  );
  await processes.enter(ctx.signal);
  try {
    const starting = MapperProcess.start(code, vars, limits, ctx.signal);
    const forget = processes.watch(starting);
    try {
      const mapper = await starting;
      try {
        return await work(mapper);
      } finally {
        await mapper.close();
      }
    } finally {
      forget();
    }
  } finally {
    processes.leave();
  }
}
