import type { RunResult } from '../../run.ts';

/** How long a run that was begun here is expected to end here, before the engine is asked as well, in milliseconds. */
const ELSEWHERE_MS = 5_000;

/** A run that was started here. */
export interface Expected {
  /** What became of it; `ask` asks the engine, which is done when the run takes long: another process may have taken it over. */
  result(ask: () => Promise<RunResult>): Promise<RunResult>;
  /** It does not begin here after all. */
  forget(): void;
}

/**
 * Results of runs that this process has started and that end in this process too: known here before the engine has them. They are as safe by
 * then as they will ever be: the result of a run is computed from what the engine remembers, and another execution would compute the same.
 */
export class LocalResults {
  readonly #expected = new Map<string, PromiseWithResolvers<RunResult>>();
  /** When runs ended of which a result was told, in milliseconds since the epoch; the latest only. */
  readonly #ended = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Undefined where the run is expected by somebody else. */
  expect(runId: string): Expected | undefined {
    if (this.#expected.has(runId)) return undefined;
    const expected = Promise.withResolvers<RunResult>();
    // Whoever asks for the result hears of a failure; nobody has to ask.
    expected.promise.catch(() => {});
    this.#expected.set(runId, expected);
    return {
      result: (ask) => this.#either(expected, ask),
      forget: () => this.#expected.delete(runId),
    };
  }

  /** A run has ended here. */
  ended(result: RunResult): void {
    const expected = this.#expected.get(result.runId);
    if (expected === undefined) return;
    this.#expected.delete(result.runId);
    this.#remember(result.runId);
    expected.resolve(result);
  }

  /** Whether the result of a run was told so lately that the engine may not know of it yet. */
  hasEnded(runId: string): boolean {
    return this.#ended.has(runId);
  }

  /** Nothing ends here any more. */
  close(error: Error): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { reject } of this.#expected.values()) reject(error);
    this.#expected.clear();
  }

  #remember(runId: string): void {
    const now = Date.now();
    for (const [id, at] of this.#ended) {
      if (now - at < ELSEWHERE_MS) break;
      this.#ended.delete(id);
    }
    this.#ended.set(runId, now);
  }

  #either({ promise, resolve, reject }: PromiseWithResolvers<RunResult>, ask: () => Promise<RunResult>): Promise<RunResult> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      ask().then(resolve, reject);
    }, ELSEWHERE_MS);
    this.#timers.add(timer);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }
}
