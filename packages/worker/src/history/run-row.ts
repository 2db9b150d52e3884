import type { PendingDecision } from '../run.ts';
import type { RunFacts } from './facts.ts';
import type { RunState, RunSummary, TaskCounts } from './history.ts';
import { RUN_LOST } from './lost.ts';
import type { RunProcess } from './run-process.ts';

/** A row of `maestro_runs` as a database returns it; whole numbers may be strings. */
export type Row = Record<string, unknown>;

/** A value that is bound to a statement. */
export type Value = string | number | null;

const COLUMNS = [
  'run_id',
  'source',
  'name',
  'version',
  'status',
  'created_at',
  'queued_at',
  'started_at',
  'finished_at',
  'initiator',
  'parent',
  'plan_digest',
  'dry_run',
  'outcome',
  'error_code',
  'error_message',
  'error_task',
  'counts',
  'process',
] as const;

/** Columns that tell a run's end, together. */
const END: readonly string[] = ['finished_at', 'outcome', 'error_code', 'error_message', 'error_task', 'counts'];
/** Columns of which the first value that is known stays. */
const FIRST_STAYS = COLUMNS.filter((name) => !['run_id', 'source', 'name', 'version', 'status', 'created_at'].includes(name));

/** Whether the end that comes is to be taken: the first, or the first that was told where the one that is there was only concluded. */
const ENDS = `(maestro_runs.outcome is null
    or (maestro_runs.error_code = '${RUN_LOST}' and excluded.outcome is not null and coalesce(excluded.error_code, '') <> '${RUN_LOST}'))`;

const known = (name: string) =>
  END.includes(name)
    ? `case when ${ENDS} then excluded.${name} else maestro_runs.${name} end`
    : `coalesce(maestro_runs.${name}, excluded.${name})`;

/**
 * Puts what is known of a run into its row, whatever is there already. `values` is the list of rows to come. Returns `id`, `run_id`,
 * `created_at`, `queued_at`, `started_at` and whether questions are open (`asks`).
 */
export const upsertRuns = (values: string): string => `insert into maestro_runs (${COLUMNS.join(', ')}) values ${values}
on conflict (run_id) do update set
  created_at = coalesce(maestro_runs.queued_at, excluded.queued_at,
    case when excluded.created_at < maestro_runs.created_at then excluded.created_at else maestro_runs.created_at end),
  ${FIRST_STAYS.map((name) => `${name} = ${known(name)}`).join(',\n  ')},
  status = ${statusOf(known, 'maestro_runs.pending')}
returning id, run_id, created_at, queued_at, started_at, case when pending is null then 0 else 1 end as asks`;

/** Puts the end of a run into the row `id` (last parameter): what {@link upsertRuns} does where nothing else is news. */
export const setEnd = (p: (index: number) => string): string =>
  `update maestro_runs set ${END.map((name, index) => `${name} = ${p(index + 1)}`).join(', ')}, status = ${p(END.indexOf('outcome') + 1)}
where id = ${p(END.length + 1)} and (outcome is null
  or (error_code = '${RUN_LOST}' and coalesce(${p(END.indexOf('error_code') + 1)}, '') <> '${RUN_LOST}'))`;

/** The values of {@link setEnd}, in the order of {@link END}, without the row's id. */
export function endOf(facts: RunFacts): Value[] {
  return [facts.finishedAt, facts.outcome, facts.errorCode, facts.errorMessage, facts.errorTask, facts.counts];
}

/** Sets what is asked (first parameter, JSON or null) of the run `id` (second parameter). */
export const setPending = (p: (index: number) => string): string =>
  `update maestro_runs set pending = ${p(1)}, status = ${statusOf((name) => name, `cast(${p(1)} as text)`)} where id = ${p(2)}`;

function statusOf(column: (name: string) => string, pending: string): string {
  return `case when ${column('outcome')} is not null then ${column('outcome')}
    when ${pending} is not null then 'awaiting-approval'
    when ${column('started_at')} is not null then 'running' else 'queued' end`;
}

/** The values of {@link upsertRuns} for one row. */
export function rowOf(facts: RunFacts): Value[] {
  const { ref, name, version } = refOf(facts.source);
  return [
    facts.runId,
    ref,
    name,
    version,
    facts.outcome ?? (facts.startedAt === null ? 'queued' : 'running'),
    facts.queuedAt ?? facts.firstAt,
    facts.queuedAt,
    facts.startedAt,
    facts.finishedAt,
    facts.initiator,
    facts.parent,
    facts.planDigest,
    facts.dryRun,
    facts.outcome,
    facts.errorCode,
    facts.errorMessage,
    facts.errorTask,
    facts.counts,
    facts.process,
  ];
}

export const ROW_WIDTH = COLUMNS.length;

/** `name@version` of an event's source `maestro/name@version`. */
function refOf(source: string): { ref: string; name: string; version: string } {
  const ref = source.slice(source.indexOf('/') + 1);
  const at = ref.lastIndexOf('@');
  return at < 0 ? { ref, name: ref, version: '' } : { ref, name: ref.slice(0, at), version: ref.slice(at + 1) };
}

/** A row as people and programs get it. */
export function summaryOf(row: Row): RunSummary {
  const summary: RunSummary = {
    runId: String(row.run_id),
    ref: String(row.source),
    name: String(row.name),
    version: String(row.version),
    status: row.status as RunState,
    createdAt: iso(row.created_at),
    dryRun: Number(row.dry_run ?? 0) === 1,
    pending: row.pending === null || row.outcome !== null ? [] : (JSON.parse(String(row.pending)) as PendingDecision[]),
  };
  if (row.started_at !== null) summary.startedAt = iso(row.started_at);
  if (row.finished_at !== null) summary.finishedAt = iso(row.finished_at);
  if (row.initiator !== null) summary.initiator = String(row.initiator);
  if (row.parent !== null) summary.parent = String(row.parent);
  if (row.plan_digest !== null) summary.planDigest = String(row.plan_digest);
  if (row.error_code !== null) {
    summary.error = { code: String(row.error_code), message: String(row.error_message ?? '') };
    if (row.error_task !== null) summary.error.task = String(row.error_task);
  }
  if (row.process !== null && row.outcome === null) {
    const { host, pid } = JSON.parse(String(row.process)) as RunProcess;
    summary.process = { host, pid };
  }
  if (row.counts !== null) summary.tasks = JSON.parse(String(row.counts)) as TaskCounts;
  if (Number(row.missing) > 0) summary.missingEvents = Number(row.missing);
  return summary;
}

export function iso(ms: unknown): string {
  return new Date(Number(ms)).toISOString();
}
