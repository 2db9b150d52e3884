import type { Terminal } from '../terminal/terminal.ts';
import { eventText, failure } from './event-text.ts';
import { resultText } from './result-text.ts';
import { type RunView, refOf } from './view.ts';

/** One line per event, for pipes and logs. */
export function lineView(terminal: Pick<Terminal, 'out'>): RunView {
  const { out } = terminal;
  const seen = new Set<unknown>();
  return {
    started({ runId, plan }) {
      out.line(plan === undefined ? `run ${runId}` : `${refOf(plan)}  run ${runId}`);
    },
    event(event) {
      if (event.type === 'task.succeeded' || event.type === 'task.failed' || event.type === 'task.skipped') seen.add(event.data.task);
      const text = eventText(event, out.colors);
      if (text !== undefined) out.line(`${out.colors.dim(clock(event.time))} ${text}`);
    },
    note: (text) => out.line(text),
    hold: (talk) => talk(),
    finished(result, tookMs) {
      // Another process may have done the work, or some of it: what it did is in the result.
      for (const task of result.tasks) {
        if (seen.has(task.id)) continue;
        const why = task.error === undefined ? (task.reason === undefined ? '' : `: ${task.reason}`) : `: ${failure(task.error)}`;
        out.line(`${out.colors.bold(task.id)} ${task.status}${why}`);
      }
      for (const line of resultText(result, tookMs, out.colors)) out.line(line);
    },
    close: () => {},
  };
}

/** Local wall-clock time of an RFC 3339 time. */
function clock(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}
