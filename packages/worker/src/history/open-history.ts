import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { RunEvent } from '../run.ts';
import type { History } from './history.ts';
import { endLost } from './lost.ts';
import { Outbox } from './outbox.ts';
import { Recorder, reasonText } from './recorder.ts';
import { keepPruning } from './retention.ts';
import { sqliteReason, whileLocked } from './sqlite.ts';
import { SqliteHistory } from './sqlite-history.ts';

/**
 * Where the history is: a file, or a database that workers share. Events are on their way to the database in the file `outbox`, also
 * while it is out of reach.
 */
export type HistoryLocation = ({ sqlite: string } | { postgres: string; outbox: string }) & {
  /** How long after their end runs are kept, in milliseconds; absent: for ever. */
  retentionMs?: number;
};

/** What a runner does for the history. */
export interface Recording {
  readonly history: History;
  record(event: RunEvent): void;
  /** Resolves when everything recorded so far is on disk, or waits in memory because the disk does not take it. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a history to read it, and by itself to write it. Throws `HISTORY_UNREADABLE`, `HISTORY_NEWER` or `HISTORY_FOREIGN`. */
export async function openHistory(location: { sqlite: string } | { postgres: string }): Promise<History> {
  if ('postgres' in location) {
    const { PostgresHistory, unreachable } = await import('./postgres-history.ts');
    try {
      return await upToDate(await PostgresHistory.open(location.postgres), false);
    } catch (error) {
      throw unreachable(location.postgres, error);
    }
  }
  try {
    mkdirSync(dirname(location.sqlite), { recursive: true });
    return await upToDate(await whileLocked(() => SqliteHistory.open(location.sqlite)), true);
  } catch (error) {
    throw unreadable(location.sqlite, error);
  }
}

/** The history, without runs whose process has gone since. Whoever may only read it sees them as they are recorded. */
async function upToDate(history: History, oneMachine: boolean): Promise<History> {
  try {
    await endLost(history, oneMachine);
  } catch (error) {
    if (!isReadOnly(error)) {
      await history.close();
      throw error;
    }
  }
  return history;
}

/** `insufficient_privilege`, and a standby server's answer. */
const READ_ONLY: readonly unknown[] = ['42501', '25006'];

function isReadOnly(error: unknown): boolean {
  return sqliteReason(error) === 'read-only' || READ_ONLY.includes((error as { code?: unknown }).code);
}

/**
 * Opens a history for the events of runs of this process. Throws `HISTORY_NEWER` or `HISTORY_FOREIGN` of a file; anything else is told, and
 * tried again.
 */
export async function openRecording(location: HistoryLocation, log?: Logger): Promise<Recording> {
  const report = (code: string, message: string) =>
    (code === 'HISTORY_WRITABLE' || code === 'HISTORY_REACHABLE' ? log?.info : log?.error)?.(`${code}: ${message}`);
  const file = 'postgres' in location ? location.outbox : location.sqlite;
  const recorder = new Recorder<SqliteHistory | Outbox>({
    file,
    open: () => {
      mkdirSync(dirname(file), { recursive: true });
      return 'postgres' in location ? Outbox.open(file) : SqliteHistory.open(file);
    },
    report,
  });
  await recorder.start();
  const { record, flush } = { record: (event: RunEvent) => recorder.record(event), flush: () => recorder.flush() };
  const { retentionMs } = location;
  const pruning = (history: History) => (retentionMs === undefined ? () => {} : keepPruning(history, retentionMs, report));
  if (!('postgres' in location)) {
    const history = ownHistory(recorder as Recorder<SqliteHistory>, file);
    const stop = pruning(history);
    const close = () => {
      stop();
      return recorder.close();
    };
    return { history, record, flush, close };
  }

  const { placeOf, PostgresHistory } = await import('./postgres-history.ts');
  const { Forwarder } = await import('./forwarder.ts');
  const place = placeOf(location.postgres);
  const forwarder = new Forwarder({ file, place, report, open: () => PostgresHistory.open(location.postgres) });
  const history = sharedHistory(location);
  const stop = pruning(history);
  const close = async () => {
    stop();
    await recorder.close();
    await forwarder.close();
    await history.close();
  };
  return { history: { ...history, close: async () => {} }, record, flush, close };
}

/** The history that this process writes: what it has recorded can be read at once. */
function ownHistory(recorder: Recorder<SqliteHistory>, file: string): History {
  const current = async (): Promise<SqliteHistory> => {
    await recorder.flush();
    if (recorder.store === undefined) throw unreadable(file, new Error('it could not be opened; the log says why'));
    return recorder.store;
  };
  return lazily(current);
}

/** A shared history, connected to when it is asked for. Events of this process may still be on their way to it. */
function sharedHistory(location: { postgres: string }): History {
  let opening: Promise<History> | undefined;
  const current = () => {
    opening ??= openHistory(location).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return { ...lazily(current), close: async () => (await opening?.catch(() => undefined))?.close() };
}

function lazily(current: () => Promise<History>): History {
  return {
    append: async (events, lost) => (await current()).append(events, lost),
    list: async (options) => (await current()).list(options),
    show: async (runId) => (await current()).show(runId),
    events: async (runId, options) => (await current()).events(runId, options),
    held: async () => (await current()).held(),
    plan: async (digest) => (await current()).plan(digest),
    async *export(filter) {
      yield* (await current()).export(filter);
    },
    prune: async (options) => (await current()).prune(options),
    close: async () => {}, // It is the runner's.
  };
}

function unreadable(file: string, error: unknown): unknown {
  if (error instanceof TaskError) return error;
  const reason = sqliteReason(error) === undefined && error instanceof Error ? error.message : reasonText(error);
  return TaskError.terminal('HISTORY_UNREADABLE', `the history ${file} cannot be read: ${reason}`, { cause: error });
}
