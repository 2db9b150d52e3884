import { setTimeout as delay } from 'node:timers/promises';
import type { Plan } from '@summit/maestro-manifest';
import { type History, openHistory, type PastRun, peekActive, type RunDetail, type RunEvent, type RunStatus } from '@summit/maestro-worker';
import type { ResolvedConfig } from '../config/config.ts';
import { CliError } from '../errors.ts';
import { HistoryTail } from './history-tail.ts';

/** Of a run of the past what another run is made from. */
export interface Past {
  run: PastRun;
  detail: RunDetail;
  /** What its tasks logged is left out. */
  events: RunEvent[];
}

/** Does `work` with the configured history. */
export async function withHistory<T>(config: ResolvedConfig, work: (history: History) => Promise<T>): Promise<T> {
  const history = await openHistory(config.history);
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}

/** Reads a run from the history. Throws `RUN_UNKNOWN`, and `PLAN_NOT_KEPT` where it was recorded without its plan. */
export function readPast(config: ResolvedConfig, runId: string): Promise<Past> {
  return withHistory(config, async (history) => {
    const detail = await settled(config, history, runId);
    if (detail === undefined) {
      throw new CliError(`the history knows no run ${runId}`, { code: 'RUN_UNKNOWN', next: '`maestro runs list` shows the runs it has' });
    }
    const plan = await planOf(history, detail);
    const { planDigest = '', inputs = {}, dryRun } = detail;
    const run: PastRun = { runId, plan, planDigest, inputs, dryRun };
    if (ENDED.has(detail.status)) run.status = detail.status as RunStatus;
    const events: RunEvent[] = [];
    const tail = new HistoryTail(history, runId, (event) => {
      if (event.type !== 'task.log' && event.type !== 'task.event') events.push(event);
    });
    await tail.catchUp();
    return { run, detail, events };
  });
}

/** How long, in milliseconds, news of a run may be on its way to a shared history, and how often that is asked. */
const ON_ITS_WAY_MS = 3_000;
const POLL_MS = 100;

/** What the history has of a run; where the engine has it already, or has seen its end, with that. */
async function settled(config: ResolvedConfig, history: History, runId: string): Promise<RunDetail | undefined> {
  const detail = await history.show(runId);
  // A file has everything before the engine has it.
  if (detail?.finishedAt !== undefined || !('postgres' in config.history)) return detail;
  const isOn = (await peekActive(config.engine))?.some((run) => run.runId === runId);
  // Where the engine has ended a run its end is on its way, and where it has one its beginning is.
  if (isOn === undefined || isOn === (detail !== undefined)) return detail;
  const end = performance.now() + ON_ITS_WAY_MS;
  while (performance.now() < end) {
    await delay(POLL_MS);
    const [run] = await history.list({ runIds: [runId] });
    if (isOn ? run !== undefined : run?.finishedAt !== undefined) return history.show(runId);
  }
  return detail;
}

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'] satisfies RunStatus[]);

async function planOf(history: History, { runId, planDigest, name }: RunDetail): Promise<Plan> {
  const plan = planDigest === undefined ? undefined : await history.plan(planDigest);
  if (plan !== undefined) return plan;
  throw new CliError(`the history does not have the plan of run ${runId}`, {
    code: 'PLAN_NOT_KEPT',
    next: `run it as it is today: maestro run ${name}`,
  });
}
