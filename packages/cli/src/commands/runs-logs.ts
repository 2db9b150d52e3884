import type { RunEvent } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { eventText, failure } from '../run/event-text.ts';
import { HistoryTail } from '../run/history-tail.ts';
import { exitOf, watchInterrupts } from '../run/interrupts.ts';
import { withHistory } from '../run/past.ts';
import { unknownRun } from '../run/unknown-run.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable } from '../text.ts';

export interface LogsOptions {
  follow?: boolean;
  task?: string;
  json?: boolean;
}

/** `maestro runs logs`: events of a run in order; with `follow` until it has ended. */
export async function runLogs(context: Context, runId: string, { follow, task, json }: LogsOptions): Promise<ExitCode> {
  const interrupts = watchInterrupts(context.io);
  try {
    return await withHistory(await context.config(), async (history) => {
      const [run] = await history.list({ runIds: [runId] });
      if (run === undefined) throw unknownRun(context, runId);
      let ended = false;
      const tail = new HistoryTail(history, runId, (event) => {
        if (event.type === 'run.finished') ended = true;
        if (isOf(event, task)) show(event, json === true, context.terminal.out);
      });
      interrupts.on(() => void tail.close());
      // What was recorded before the end stands before it.
      await tail.readUntil(() => ended || !follow);
      return interrupts.first === undefined ? exit.ok : exitOf(interrupts.first);
    });
  } finally {
    interrupts.release();
  }
}

/** Whether an event is of a task: `deploy` with everything in it, `list[3]`, `parent/deploy`. */
function isOf({ data }: RunEvent, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (typeof data.task !== 'string') return false;
  const name = typeof data.item === 'number' ? `${data.task}[${data.item}]` : data.task;
  return name === wanted || name.startsWith(`${wanted}/`) || name.startsWith(`${wanted}[`);
}

function show(event: RunEvent, json: boolean, out: Channel): void {
  const text = json ? undefined : lineOf(event, out);
  if (json) out.line(JSON.stringify(event));
  else if (text !== undefined) out.line(`${out.colors.dim(new Date(event.time).toTimeString().slice(0, 8))} ${text}`);
}

/** As while a run is watched, with what a watcher knows anyway. */
function lineOf(event: RunEvent, { colors }: Channel): string | undefined {
  const { data, type } = event;
  if (type === 'run.queued') return `queued by ${printable(String((data.initiator as { id?: unknown } | undefined)?.id))}`;
  if (type !== 'run.finished') return eventText(event, colors);
  const status = String(data.status);
  const why = data.error === undefined || status === 'cancelled' ? '' : `: ${failure(data.error)}`;
  return `run ${status === 'succeeded' ? colors.green(status) : colors.red(printable(status))}${why}`;
}
