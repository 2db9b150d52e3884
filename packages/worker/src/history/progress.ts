import type { TaskCounts } from './history.ts';
import type { Row } from './run-row.ts';

/** Characters of an event in which its task is named: the name comes first, and what a task returned may be long. */
const HEAD = 300;

/**
 * Asks how far `n` runs are that have started and not ended: their lists of tasks, and which tasks have ended. The data comes as text, for PostgreSQL
 * does not take apart JSON with a NUL in it.
 */
export const progressOf = (n: number): string => `select run, type,
  case when type = 'task.succeeded' then substr(cast(data as text), 1, ${HEAD}) else cast(data as text) end as told
from maestro_events where run in (${Array.from({ length: n }, () => '?').join(', ')})
  and type in ('run.started', 'task.succeeded', 'task.failed', 'task.skipped')`;

/** How many of a run's own tasks have ended how, given what {@link progressOf} found of it. */
export function countsOf(rows: readonly Row[]): TaskCounts {
  const started = rows.find(({ type }) => type === 'run.started');
  const own = new Set(started === undefined ? [] : (JSON.parse(String(started.told)) as { tasks?: string[] }).tasks);
  const counts: TaskCounts = { total: own.size, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { type, told } of rows) {
    if (!own.has(taskOf(String(told)))) continue;
    if (type === 'task.succeeded') counts.succeeded += 1;
    else if (type === 'task.skipped') counts.skipped += 1;
    else if ((JSON.parse(String(told)) as { status?: unknown }).status === 'cancelled') counts.cancelled += 1;
    else counts.failed += 1;
  }
  return counts;
}

/** The task that an event's data begins with. */
function taskOf(told: string): string {
  const [, quoted] = /^\{"task":("(?:[^"\\]|\\.)*")/.exec(told) ?? [];
  return quoted === undefined ? '' : (JSON.parse(quoted) as string);
}
