import type { History } from './history.ts';

/** After how long it is begun, and how often it is done again, in milliseconds: a command that soon ends has no time for it. */
const FIRST_MS = 5_000;
const EVERY_MS = 3_600_000;

/** Forgets runs for as long as a worker is up. Returns how to stop that. */
export function keepPruning(
  history: History,
  retentionMs: number,
  report: (code: 'HISTORY_PRUNE_FAILED', message: string) => void,
  [first, every]: readonly [first: number, every: number] = [FIRST_MS, EVERY_MS],
): () => void {
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout;
  const prune = async () => {
    try {
      await history.prune({ before: Date.now() - retentionMs });
      failing = false;
    } catch (error) {
      if (!stopped && !failing)
        report('HISTORY_PRUNE_FAILED', `old runs could not be forgotten: ${(error as Error).message}; it is tried again`);
      failing = true;
    }
    if (!stopped) again(every);
  };
  const again = (ms: number) => {
    timer = setTimeout(prune, ms).unref();
  };
  again(first);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
