import type { RunEvent } from '../run.ts';
import { formatTraceparent, parseTraceparent, type Traced } from './ids.ts';

/** What is known of a run that has not ended, from its events. */
export interface KnownRun extends Traced {
  /** `name@version`. */
  ref: string;
  /** When it was accepted, in milliseconds since the epoch. */
  since: number;
  parent?: string;
  dryRun: boolean;
  tasks: Map<string, KnownTask>;
  decisions: { at: number; name: string; role: string; approved: boolean }[];
}

export interface KnownTask {
  since: number;
  uses: string;
  phase?: string;
  items?: number;
}

/** More runs than this at a time are not kept in mind; what is told of the others is less. */
const MOST_RUNS = 50_000;
/** Of a run, more tasks than this: those of sub-workflows in long lists. */
const MOST_TASKS = 10_000;

/** The runs that are on in this process, as their events tell. */
export class KnownRuns {
  readonly #runs = new Map<string, KnownRun>();

  /** Takes note of an event that happened `at`; returns its run, which is forgotten when it has ended. */
  note({ type, subject: runId, source, data }: RunEvent, at: number): KnownRun {
    let run = this.#runs.get(runId);
    if (run === undefined) {
      const [oldest] = this.#runs.size < MOST_RUNS ? [] : this.#runs.keys();
      if (oldest !== undefined) this.#runs.delete(oldest);
      run = { runId, ref: source.replace(/^maestro\//, ''), since: at, dryRun: false, tasks: new Map(), decisions: [] };
      this.#runs.set(runId, run);
    }
    if (data.dryRun === true) run.dryRun = true;
    if (typeof data.parent === 'string') run.parent = data.parent;
    const caller = typeof data.traceparent === 'string' ? parseTraceparent(data.traceparent) : undefined;
    if (caller !== undefined) run.traceparent = formatTraceparent(caller);
    const { task } = data;
    if (type === 'task.started' && typeof task === 'string' && run.tasks.size < MOST_TASKS) {
      run.tasks.set(task, {
        since: at,
        uses: String(data.uses),
        ...(typeof data.phase === 'string' ? { phase: data.phase } : {}),
        ...(typeof data.items === 'number' ? { items: data.items } : {}),
      });
    }
    if (type === 'decision.made')
      run.decisions.push({ at, name: String(data.name), role: String(data.role), approved: data.approved === true });
    if (type === 'run.finished') this.#runs.delete(runId);
    return run;
  }
}
