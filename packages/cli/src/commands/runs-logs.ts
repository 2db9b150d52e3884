import { setTimeout as delay } from 'node:timers/promises';
import type { History, RunEvent } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { eventText, failure } from '../run/event-text.ts';
import { exitOf, watchInterrupts } from '../run/interrupts.ts';
import { withHistory } from '../run/past.ts';
import { unknownRun } from '../run/unknown-run.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable } from '../text.ts';

/** How often the history is asked for more, in milliseconds. */
const POLL_MS = 250;

export interface LogsOptions {
  follow?: boolean;
  task?: string;
  json?: boolean;
}

/** `maestro runs logs` */
export async function runLogs(context: Context, runId: string, options: LogsOptions): Promise<ExitCode> {
  const interrupts = watchInterrupts(context.io);
  const stop = new AbortController();
  interrupts.on(() => stop.abort());
  try {
    return await withHistory(await context.config(), async (history) => {
      for await (const event of read(context, history, runId, options.follow === true, stop.signal)) {
        if (isOf(event, options.task)) show(event, options.json === true, context.terminal.out);
      }
      return interrupts.first === undefined ? exit.ok : exitOf(interrupts.first);
    });
  } finally {
    interrupts.release();
  }
}

/** Events of a run, in order; with `follow` until it has ended. */
async function* read(context: Context, history: History, runId: string, follow: boolean, signal: AbortSignal): AsyncIterable<RunEvent> {
  const [run] = await history.list({ runIds: [runId] });
  if (run === undefined) throw unknownRun(context, runId);
  let after = 0;
  let ended = false;
  while (!signal.aborted) {
    const page = await history.events(runId, { after });
    for (const { event, position } of page) {
      after = position;
      if (event.type === 'run.finished') ended = true;
      yield event;
      if (signal.aborted) return;
    }
    if (page.length > 0) continue;
    // What was recorded before the end stands before it.
    if (ended || !follow) return;
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
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
