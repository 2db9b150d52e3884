/** The two kinds of database a history is kept in. */
export type Dialect = 'sqlite' | 'postgres';

/** One step of the schema, as statements. */
type Step = (dialect: Dialect) => string[];

/**
 * The schema's steps by name, in order; each is done once. A step that has been released is never changed, and what it leaves must be
 * understood by workers of the version before: during an upgrade both write.
 */
export const STEPS: Readonly<Record<string, Step>> = {
  '0001-runs-and-events': (dialect) => [
    `create table maestro_runs (
      id ${dialect === 'sqlite' ? 'integer primary key' : 'bigint generated always as identity primary key'},
      run_id text not null unique,
      source text not null,
      name text not null,
      version text not null,
      status text not null,
      created_at bigint not null,
      queued_at bigint,
      started_at bigint,
      finished_at bigint,
      initiator text,
      parent text,
      plan_digest text,
      dry_run smallint,
      outcome text,
      error_code text,
      error_message text,
      error_task text,
      counts text,
      pending text,
      missing integer not null default 0
    )`,
    'create index maestro_runs_by_time on maestro_runs (created_at, id)',
    `create table maestro_events (
      position ${dialect === 'sqlite' ? 'integer primary key' : 'bigint generated always as identity primary key'},
      run bigint not null,
      key text not null,
      type text not null,
      time bigint not null,
      data ${dialect === 'sqlite' ? 'text' : 'json'} not null,
      unique (run, key)
    )`,
  ],
  '0002-plans': (dialect) => [
    `create table maestro_plans (digest text primary key, plan ${dialect === 'sqlite' ? 'text' : 'json'} not null)`,
  ],
  '0003-processes': () => [
    'alter table maestro_runs add column process text',
    // Runs of an engine, nearly all there are, pay nothing for it.
    'create index maestro_runs_held on maestro_runs (run_id) where process is not null and outcome is null',
  ],
};

/** Names of the steps, in order. */
export const STEP_NAMES = Object.keys(STEPS).sort();

/** Where Kysely keeps which steps were done. */
export const STEPS_TABLE = 'maestro_history_steps';
