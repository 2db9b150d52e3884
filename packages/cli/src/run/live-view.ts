import type { TaskStatus } from '@summit/maestro-worker';
import type { Terminal } from '../terminal/terminal.ts';
import { formatDuration, printable } from '../text.ts';
import { eventText, subjectText } from './event-text.ts';
import { resultText } from './result-text.ts';
import { type RunView, refOf } from './view.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 120;
/** Rows of the tree; of more tasks only the running ones and the counts are shown. */
const MAX_ROWS = 20;
/** Lines that are kept while the screen is held; of more the last ones. */
const MAX_KEPT = 1000;

interface Row {
  id: string;
  uses: string;
  status: TaskStatus;
  startedAt?: number;
  endedAt?: number;
  note?: string;
  /** With `forEach`: how many items, and how many have ended. */
  items?: { done: number; total: number };
  /** It stands in `onFailure` or `finally`. */
  phase?: string;
  /** Being undone, or undone, after it had succeeded. */
  undo?: 'undoing' | 'undone' | 'not undone';
}

/** The tasks of a run as a block that is redrawn in place below the lines that stay (logs, failures, decisions). */
export function liveView(terminal: Pick<Terminal, 'out' | 'columns'>): RunView {
  const { out } = terminal;
  const { bold, dim, green, red, yellow, cyan } = out.colors;
  const rows = new Map<string, Row>();
  let drawn = 0;
  let frame = 0;
  let held = 0;
  const kept: string[] = [];
  let timer: NodeJS.Timeout | undefined;

  const erase = () => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\r\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    if (held > 0) return;
    const lines = block(asTree([...rows.values()]));
    erase();
    for (const line of lines) out.line(line);
    drawn = lines.length;
  };
  /** Prints a line that stays above the block; while somebody is asked something it waits. */
  const keep = (line: string) => {
    if (held > 0) {
      if (kept.push(line) > MAX_KEPT) kept.shift();
      return;
    }
    erase();
    out.line(line);
    draw();
  };

  const block = (all: Row[]): string[] => {
    if (all.length <= MAX_ROWS) return all.map(line);
    const running = all.filter((row) => row.status === 'running' || row.undo === 'undoing').slice(0, MAX_ROWS);
    const counts = (['succeeded', 'failed', 'skipped', 'cancelled', 'pending'] as const).map(
      (status) => [status, all.filter((row) => row.status === status).length] as const,
    );
    return [
      ...running.map(line),
      dim(
        `  ${counts
          .filter(([, n]) => n > 0)
          .map(([status, n]) => `${n} ${status}`)
          .join(', ')} of ${all.length} tasks`,
      ),
    ];
  };
  const line = (row: Row): string => {
    const spinner = FRAMES[frame % FRAMES.length] ?? '';
    const undoMark = row.undo && { undoing: yellow(spinner), undone: yellow('↶'), 'not undone': red('✗') }[row.undo];
    const statusMark = {
      pending: dim('·'),
      running: cyan(spinner),
      succeeded: green('✓'),
      failed: red('✗'),
      skipped: dim('-'),
      cancelled: yellow('■'),
    }[row.status];
    const mark = undoMark ?? statusMark;
    const took = row.startedAt === undefined ? '' : formatDuration(Math.max(0, (row.endedAt ?? Date.now()) - row.startedAt));
    const plain = `${row.id}  ${took.padEnd(7)} ${[row.uses, row.phase, itemsText(row), row.undo, row.note].filter((part) => part !== undefined).join('  ')}`;
    // Cut to the width: a wrapped line would take two rows and the next redraw would miss one.
    const text = printable(plain).slice(0, Math.max(10, terminal.columns() - 5));
    const name = text.slice(0, row.id.length);
    const rest = text.slice(row.id.length);
    return `  ${mark} ${row.status === 'pending' ? dim(name) : bold(name)}${dim(rest)}`;
  };
  const itemsText = ({ items }: Row) => items && `${items.done}/${items.total} items`;
  const row = (id: unknown): Row => {
    const key = String(id);
    const known = rows.get(key) ?? { id: key, uses: '', status: 'pending' };
    rows.set(key, known);
    return known;
  };
  const forget = (prefix: string) => {
    for (const id of rows.keys()) if (id.startsWith(prefix)) rows.delete(id);
  };
  const end = (id: unknown, status: TaskStatus, time: string, note?: string) => {
    const ended = row(id);
    ended.status = status;
    delete ended.note;
    if (note !== undefined) ended.note = note;
    if (ended.startedAt !== undefined) ended.endedAt = Date.parse(time);
    draw();
  };

  return {
    started({ runId, plan }) {
      out.line(plan === undefined ? dim(`run ${runId}`) : `${bold(refOf(plan))}  ${dim(`run ${runId}`)}`);
      for (const task of plan?.tasks ?? [])
        rows.set(task.id, { id: task.id, uses: `${task.uses.name}@${task.uses.version}`, status: 'pending' });
      draw();
      timer = setInterval(() => {
        frame += 1;
        draw();
      }, FRAME_MS);
      timer.unref();
    },
    event(event) {
      const { data, time, type } = event;
      const text = eventText(event, out.colors);
      switch (type) {
        case 'run.started':
          return;
        case 'task.started':
          Object.assign(row(data.task), { status: 'running', startedAt: Date.parse(time), uses: String(data.uses) });
          if (typeof data.phase === 'string') row(data.task).phase = data.phase;
          if (typeof data.items === 'number') row(data.task).items = { done: 0, total: data.items };
          return draw();
        case 'task.item-started':
          return;
        case 'task.item-succeeded':
        case 'task.item-failed':
          row(data.task).items = { done: Number(data.done), total: Number(data.total) };
          // Of the tasks of many sub-workflows only those are shown that run, or failed.
          if (type === 'task.item-succeeded') forget(`${subjectText(data)}/`);
          if (type === 'task.item-failed' && text !== undefined) keep(`  ${text}`);
          else draw();
          return;
        case 'task.succeeded':
          return end(data.task, 'succeeded', time, data.previewed === true ? 'previewed' : undefined);
        case 'task.skipped':
          return end(data.task, 'skipped', time, typeof data.message === 'string' ? data.message : undefined);
        case 'task.compensating':
          row(data.task).undo = 'undoing';
          return draw();
        case 'task.compensated':
          if (row(data.task).undo === 'undoing') row(data.task).undo = 'undone';
          return draw();
        case 'task.compensation-failed':
          row(data.task).undo = 'not undone';
          if (text !== undefined) keep(`  ${text}`);
          return;
        case 'task.failed':
          return end(data.task, data.status === 'cancelled' ? 'cancelled' : 'failed', time);
        case 'task.attempt-failed':
          if (typeof data.retryInMs === 'number') row(data.task).note = `waiting for attempt ${Number(data.attempt) + 1}`;
          if (text !== undefined) keep(`  ${text}`);
          return;
        default:
          if (text !== undefined) keep(`  ${text}`);
      }
    },
    note: (text) => keep(text),
    async hold(talk) {
      erase();
      held += 1;
      try {
        return await talk();
      } finally {
        held -= 1;
        if (held === 0) for (const line of kept.splice(0)) out.line(line);
        draw();
      }
    },
    finished(result, tookMs) {
      // Another process may have done the work, or some of it: what it did is in the result.
      for (const { id, status, uses, items, reason, phase } of result.tasks) {
        if (status === 'succeeded' && id.includes(']/')) continue;
        Object.assign(row(id), { status, uses, ...(phase === undefined ? {} : { phase }) });
        if (items !== undefined) row(id).items = { done: items.succeeded + items.failed, total: items.total };
        if (reason !== undefined) row(id).note = reason;
      }
      for (const { task, status } of result.compensations ?? []) {
        const undone = rows.get(task);
        if (undone !== undefined && undone.undo !== 'not undone') undone.undo = status === 'failed' ? 'not undone' : 'undone';
      }
      draw();
      clearInterval(timer);
      drawn = 0;
      for (const text of resultText(result, tookMs, out.colors)) out.line(text);
    },
    close() {
      clearInterval(timer);
      drawn = 0;
      if (held > 0) for (const line of kept.splice(0)) out.line(line);
      held = Number.POSITIVE_INFINITY;
    },
  };
}

/** Rows with those of sub-workflows below their task; otherwise as they came. */
function asTree(all: Row[]): Row[] {
  if (!all.some(({ id }) => id.includes('/'))) return all;
  const parts = new Map<string | undefined, Row[]>();
  const known = new Set(all.map(({ id }) => id));
  for (const row of all) {
    const above = row.id.replace(/(\[\d+\])?\/[^/]*$/, '');
    const parent = above !== row.id && known.has(above) ? above : undefined;
    const beside = parts.get(parent);
    if (beside === undefined) parts.set(parent, [row]);
    else beside.push(row);
  }
  const below = (parent: string | undefined): Row[] => (parts.get(parent) ?? []).flatMap((row) => [row, ...below(row.id)]);
  return below(undefined);
}
