import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { openRecording } from '../src/history/open-history.ts';
import { Outbox } from '../src/history/outbox.ts';
import { Recorder, type RecorderOptions } from '../src/history/recorder.ts';
import { SqliteHistory } from '../src/history/sqlite-history.ts';
import type { RunEvent } from '../src/run.ts';
import { Bench, eventually, plan } from './harness.ts';
import { eventsOf, Folder, fullRun } from './history-events.ts';

type Told = [code: string, message: string];

const open: Recorder[] = [];
afterEach(async () => {
  for (const recorder of open.splice(0)) await recorder.close();
});

/** A recorder of `file` and what it tells the operator. */
async function recording(file: string, more: Partial<RecorderOptions> & { maxPages?: number } = {}) {
  const told: Told[] = [];
  const { maxPages, ...options } = more;
  const recorder = new Recorder({
    file,
    open: () => SqliteHistory.open(file, maxPages === undefined ? {} : { maxPages }),
    report: (...message) => told.push(message),
    retryMs: [20, 50],
    ...options,
  });
  open.push(recorder as Recorder);
  await recorder.start();
  const record = (events: RunEvent[]) => {
    for (const event of events) recorder.record(event);
  };
  return { recorder, told, record, codes: () => told.map(([code]) => code) };
}

async function stored(file: string, runId: string): Promise<string[]> {
  const history = await SqliteHistory.open(file);
  try {
    return (await history.events(runId)).map(({ event }) => event.id);
  } finally {
    await history.close();
  }
}

const ids = (runId: string) => fullRun(runId).map(({ id }) => id);

test('what was recorded is on disk after a flush, at once when there is little and in batches when there is much', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const { recorder, record } = await recording(file);
  record(fullRun('r1'));
  await recorder.flush();
  expect(await stored(file, 'r1')).toEqual(ids('r1'));
  await recorder.flush();
  for (let n = 0; n < 200; n++) record(fullRun(`many-${n}`));
  await recorder.flush();
  expect(await stored(file, 'many-199')).toEqual(ids('many-199'));
});

test('a full disk: told once, nothing lost, written when there is space', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  let pages = 40;
  const { recorder, record, told, codes } = await recording(file, { open: () => SqliteHistory.open(file, { maxPages: pages }) });
  for (let n = 0; n < 100; n++) record(fullRun(`r${n}`));
  await recorder.flush();
  expect(told).toEqual([
    ['HISTORY_UNWRITABLE', expect.stringMatching(/history\.db cannot be written: the disk is full; free some space .*\. Runs go on;/)],
  ]);
  // A run that ends meanwhile does not wait for the disk.
  record(fullRun('late'));
  await recorder.flush();
  pages = 1_000_000;
  await eventually('it is written again', () => codes().includes('HISTORY_WRITABLE'));
  for (const runId of ['r0', 'r99', 'late']) expect(await stored(file, runId)).toEqual(ids(runId));
  expect(codes()).toEqual(['HISTORY_UNWRITABLE', 'HISTORY_WRITABLE']);
});

test('a disk that is full until the end: what is lost is told', async () => {
  using folder = new Folder();
  const { recorder, record, codes } = await recording(folder.file('history.db'), { maxPages: 40 });
  for (let n = 0; n < 100; n++) record(fullRun(`r${n}`));
  await recorder.close();
  expect(codes()).toEqual(['HISTORY_UNWRITABLE', 'HISTORY_EVENTS_LOST']);
});

test('a file that is locked for a moment is waited for; for long, that is told', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const { recorder, record, codes } = await recording(file, { patienceMs: 600 });
  const other = new DatabaseSync(file);
  other.exec('begin exclusive');
  record(fullRun('r1'));
  let flushed = false;
  const flush = recorder.flush().then(() => {
    flushed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect([flushed, codes()]).toEqual([false, []]);
  other.exec('rollback');
  await flush;
  expect(await stored(file, 'r1')).toEqual(ids('r1'));
  other.exec('begin exclusive');
  record(fullRun('r2'));
  await recorder.flush();
  expect(codes()).toEqual(['HISTORY_UNWRITABLE']);
  other.exec('rollback');
  other.close();
  await eventually('it is written again', () => codes().includes('HISTORY_WRITABLE'));
  expect(await stored(file, 'r2')).toEqual(ids('r2'));
  expect(codes()).toEqual(['HISTORY_UNWRITABLE', 'HISTORY_WRITABLE']);
});

test.each(['history', 'outbox'])('a damaged %s: runs go on, and a new one is begun when it is moved away', async (kind) => {
  using folder = new Folder();
  const file = folder.file('history.db');
  writeFileSync(file, 'no database at all '.repeat(1_000));
  const { recorder, record, told, codes } = await recording(file, kind === 'outbox' ? { open: () => Outbox.open(file) } : {});
  expect(told).toEqual([['HISTORY_UNWRITABLE', expect.stringContaining('the file is damaged; move it away, and a new one is begun')]]);
  record(fullRun('r1'));
  await recorder.flush();
  renameSync(file, `${file}.damaged`);
  await eventually('it is written again', () => codes().includes('HISTORY_WRITABLE'));
  if (kind === 'history') expect(await stored(file, 'r1')).toEqual(ids('r1'));
});

test('a file that is removed or replaced under a process is begun anew, and what comes is in it', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const { recorder, record } = await recording(file);
  record(fullRun('r1'));
  await recorder.flush();
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  let n = 0;
  await eventually('there is a new file', async () => {
    record(fullRun(`later-${n++}`));
    await recorder.flush();
    return existsSync(file);
  });
  record(fullRun('r2'));
  await recorder.flush();
  expect(await stored(file, 'r2')).toEqual(ids('r2'));
});

test('a folder that cannot be written is told, not thrown', async () => {
  using folder = new Folder();
  // Root may write anywhere: a file in the place of the folder stops everybody.
  mkdirSync(folder.file('state'));
  writeFileSync(folder.file('state/inner'), '');
  chmodSync(folder.file('state'), 0o500);
  const { recorder, record, told } = await recording(folder.file('state/inner/history.db'));
  record(fullRun('r1'));
  await recorder.flush();
  expect(told).toEqual([['HISTORY_UNWRITABLE', expect.stringContaining('cannot be opened; see that its folder exists and is writable')]]);
  chmodSync(folder.file('state'), 0o700);
});

test('a process that was stopped while the file was locked does not take that for patience', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const { recorder, record, codes } = await recording(file, { patienceMs: 1_000 });
  const other = new DatabaseSync(file);
  other.exec('begin exclusive');
  record(fullRun('r1'));
  const flush = recorder.flush();
  await new Promise((resolve) => setTimeout(resolve, 200));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  // Its next try comes before this.
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.exec('rollback');
  other.close();
  await flush;
  expect([codes(), await stored(file, 'r1')]).toEqual([[], ids('r1')]);
});

test('four processes write a new file at once while one forgets old runs: everything is in it once, and nobody waits for long', async () => {
  using folder = new Folder();
  const file = folder.file('state/history.db');
  const runIds = Array.from({ length: 60 }, (_, n) => `r${n}`);
  const write = async (order: string[]) => {
    const child = spawn(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'history-writer.ts'),
      file,
      order.join(),
    ]);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, said };
  };
  const writing = Promise.all([write(runIds), write(runIds.toReversed()), write(runIds.slice(20)), write(runIds.slice(40))]);
  const { history, record, flush, close } = await openRecording({ sqlite: file });
  const old = Date.parse('2020-01-01T00:00:00Z');
  for (let n = 0; n < 600; n++) for (const event of fullRun(`old-${n}`, old)) record(event);
  await flush();
  expect((await history.prune({ before: old + 86_400_000 })).runs).toBe(600);
  const ended = await writing;
  await close();
  expect(ended).toEqual([0, 0, 0, 0].map((code) => ({ code, said: '' })));
  for (const runId of runIds) expect((await stored(file, runId)).sort()).toEqual(ids(runId).sort());
});

test('what waits in memory has a bound: what tasks log goes first, and what is lost is told and kept count of', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const { recorder, record, told, codes } = await recording(file, { patienceMs: 0, maxWaiting: 100_000, retryMs: [300, 300] });
  const other = new DatabaseSync(file);
  other.exec('begin exclusive');
  const run = eventsOf('r1');
  record([run.queued(), run.emit('run.started', { tasks: [] })]);
  await recorder.flush();
  expect(codes()).toEqual(['HISTORY_UNWRITABLE']);
  const logs = Array.from({ length: 50 }, (_, n) => run.log('t', n, 'x'.repeat(2_000)));
  record(logs);
  const finished = run.emit('run.finished', { status: 'succeeded' });
  record([finished]);
  expect(codes()).toEqual(['HISTORY_UNWRITABLE', 'HISTORY_EVENTS_LOST']);
  other.exec('rollback');
  other.close();
  await eventually('it is written again', () => codes().includes('HISTORY_WRITABLE'));
  const kept = await stored(file, 'r1');
  expect(kept.at(-1)).toBe(finished.id);
  const missing = 53 - kept.length;
  expect(missing).toBeGreaterThan(10);
  expect(told.at(-1)).toEqual(['HISTORY_EVENTS_LOST', `${missing} events are missing in the history ${file}, of the runs r1`]);
  const history = await SqliteHistory.open(file);
  expect(await history.list()).toMatchObject([{ runId: 'r1', status: 'succeeded', missingEvents: missing }]);
  await history.close();
});

test('who hears that a run has ended finds it ended in the history, even where the file was locked just then', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  const bench = new Bench();
  const found: unknown[] = [];
  const status = () => {
    using database = new DatabaseSync(file, { readOnly: true });
    return database.prepare('select status from maestro_runs').get()?.status;
  };
  await bench.open('in-process', {
    history: { sqlite: file },
    onEvent: (event) => {
      if (event.type === 'run.finished') found.push(status());
    },
  });
  onTestFinished(() => bench.close());
  using other = new DatabaseSync(file);
  other.exec('begin immediate');
  const run = bench.run(await plan({ only: { uses: 'effect.append', with: { log: bench.log, id: 'a' } } }));
  await eventually('its effect', () => bench.effects().some(({ phase }) => phase === 'end'));
  // Longer than SQLite itself waits.
  await delay(200);
  expect(found).toEqual([]);
  other.exec('rollback');
  expect((await run).status).toBe('succeeded');
  expect(found).toEqual(['succeeded']);
});
