import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { RunEvent } from '../run.ts';
import type { History } from './history.ts';
import { Recorder, reasonText } from './recorder.ts';
import { sqliteReason } from './sqlite.ts';
import { SqliteHistory } from './sqlite-history.ts';

/** Where the history is: a file, or a shared database. */
export type HistoryLocation = { sqlite: string } | { postgres: string };

/** What a runner does for the history. */
export interface Recording {
  readonly history: History;
  record(event: RunEvent): void;
  /** Resolves when everything recorded so far is on disk, or waits in memory because the disk does not take it. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a history to read it, and by itself to write it. Throws `HISTORY_UNREADABLE`, `HISTORY_NEWER` or `HISTORY_FOREIGN`. */
export async function openHistory(location: HistoryLocation): Promise<History> {
  if ('postgres' in location)
    throw TaskError.terminal('HISTORY_UNSUPPORTED', 'a history in PostgreSQL is not honoured by this version; configure a file');
  try {
    return await SqliteHistory.open(location.sqlite);
  } catch (error) {
    throw unreadable(location.sqlite, error);
  }
}

/** Opens a history for the events of runs of this process. Throws `HISTORY_NEWER` or `HISTORY_FOREIGN`; anything else is told, and tried again. */
export async function openRecording(location: HistoryLocation, log?: Logger): Promise<Recording> {
  if ('postgres' in location)
    throw TaskError.terminal('HISTORY_UNSUPPORTED', 'a history in PostgreSQL is not honoured by this version; configure a file');
  const file = location.sqlite;
  const recorder = new Recorder({
    file,
    open: () => {
      mkdirSync(dirname(file), { recursive: true });
      return SqliteHistory.open(file);
    },
    report: (code, message) => (code === 'HISTORY_WRITABLE' ? log?.info : log?.error)?.(`${code}: ${message}`),
  });
  await recorder.start();
  return {
    history: ownHistory(recorder, file),
    record: (event) => recorder.record(event),
    flush: () => recorder.flush(),
    close: () => recorder.close(),
  };
}

/** The history that this process writes: what it has recorded can be read at once. */
function ownHistory(recorder: Recorder, file: string): History {
  const current = async (): Promise<SqliteHistory> => {
    await recorder.flush();
    if (recorder.store === undefined) throw unreadable(file, new Error('it could not be opened; the log says why'));
    return recorder.store as SqliteHistory;
  };
  return {
    append: async (events, lost) => (await current()).append(events, lost),
    list: async (options) => (await current()).list(options),
    show: async (runId) => (await current()).show(runId),
    events: async (runId, options) => (await current()).events(runId, options),
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
