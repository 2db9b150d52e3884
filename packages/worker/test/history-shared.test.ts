import { join } from 'node:path';
import { faultProxy, postgres } from '@summit/maestro-services';
import { afterEach, expect, test } from 'vitest';
import { openRecording, type Recording } from '../src/history/open-history.ts';
import { Outbox } from '../src/history/outbox.ts';
import { PostgresHistory } from '../src/history/postgres-history.ts';
import { Bench, eventually, plan } from './harness.ts';
import { emptySchema, eventsOf, Folder, fullRun } from './history-events.ts';

const open: Recording[] = [];
afterEach(async () => {
  for (const recording of open.splice(0)) await recording.close();
});

/** What a worker records into, with what its log says. */
async function worker(url: string, outbox: string): Promise<Recording & { told: string[] }> {
  const told: string[] = [];
  const log = (message: string) => void told.push(message);
  const recording = { ...(await openRecording({ postgres: url, outbox }, { info: log, error: log })), told };
  open.push(recording);
  return recording;
}

const codes = (told: string[]) => told.map((message) => message.slice(0, message.indexOf(':')));

async function record(to: Recording, runId: string): Promise<void> {
  for (const event of fullRun(runId)) to.record(event);
  await to.flush();
}

/** Holds that every event of the runs is in the database, once and in order. */
async function complete(url: string, runIds: string[]): Promise<void> {
  const history = await PostgresHistory.open(url);
  try {
    const arrived = async () => (await history.list({ runIds, status: ['failed'], limit: runIds.length })).length === runIds.length;
    await eventually('all runs have arrived', arrived);
    for (const runId of runIds) {
      expect((await history.events(runId)).map(({ event }) => event.id)).toEqual(fullRun(runId).map(({ id }) => id));
    }
  } finally {
    await history.close();
  }
}

async function proxied() {
  const server = await postgres();
  const proxy = await faultProxy(server.host, server.port);
  const [direct, schema] = [await emptySchema(), undefined];
  const url = new URL(direct.url);
  url.host = `127.0.0.1:${proxy.port}`;
  return {
    proxy,
    direct: direct.url,
    url: url.href,
    schema,
    async [Symbol.asyncDispose]() {
      for (const recording of open.splice(0)) await recording.close();
      await proxy.close();
      await direct[Symbol.asyncDispose]();
    },
  };
}

test('events arrive in the database, and what is read there is what was recorded', async () => {
  using folder = new Folder();
  await using schema = await emptySchema();
  const one = await worker(schema.url, folder.file('outbox.db'));
  await record(one, 'r1');
  await complete(schema.url, ['r1']);
  expect(await one.history.list()).toMatchObject([{ runId: 'r1', status: 'failed' }]);
  expect(one.told).toEqual([]);
  for (const recording of open.splice(0)) await recording.close();
});

test('a database that is down at the start, goes away, is silent or cuts connections: runs go on, no event is lost, none is there twice', async () => {
  using folder = new Folder();
  await using database = await proxied();
  const { proxy, url, direct } = database;
  await proxy.down();
  const one = await worker(url, folder.file('outbox.db'));
  await record(one, 'r1');
  await eventually('that is told', () => one.told.length > 0);
  expect(one.told).toEqual([
    expect.stringMatching(
      /^HISTORY_UNREACHABLE: the history postgres:\/\/127\.0\.0\.1:\d+\/\w+ takes no events: .*ECONNREFUSED.* Runs go on; their events wait in .*outbox\.db$/,
    ),
  ]);
  expect(one.told.join()).not.toContain('not-a-secret');
  await proxy.up();
  await complete(direct, ['r1']);
  await record(one, 'r2');
  proxy.cut();
  await record(one, 'r3');
  // The database does the work, and nobody hears of it.
  proxy.loseReplies();
  await record(one, 'r4');
  await new Promise((resolve) => setTimeout(resolve, 300));
  proxy.cut();
  await proxy.down();
  await record(one, 'r5');
  await proxy.up();
  await complete(direct, ['r1', 'r2', 'r3', 'r4', 'r5']);
  await eventually('the outbox is empty', async () => {
    const outbox = await Outbox.open(folder.file('outbox.db'));
    const { waiting } = outbox;
    await outbox.close();
    return waiting === 0;
  });
  await eventually('that is told', () => codes(one.told).at(-1) === 'HISTORY_REACHABLE');
  expect(codes(one.told).filter((code) => code === 'HISTORY_EVENTS_LOST')).toEqual([]);
});

/** How long the database is away from runs that go on; the long mode: a minute. */
const DOWN_MS = Number(process.env.MAESTRO_TEST_HISTORY_DOWN_MS ?? 1_000);

test(
  `runs go on while their database is down for ${DOWN_MS} ms, and their history is complete afterwards`,
  async () => {
    await using database = await proxied();
    const bench = new Bench();
    const what = await plan({
      a: { uses: 'echo', with: { value: 1 } },
      b: { uses: 'fail', with: { how: 'transient', times: 1 }, retry: { maxAttempts: 2, initialInterval: 5 }, needs: ['a'] },
    });
    const runIds: string[] = [];
    const run = async () => {
      const { runId, status } = await bench.run(what);
      expect(status).toBe('succeeded');
      runIds.push(runId);
    };
    const history = await PostgresHistory.open(database.direct);
    try {
      await bench.open('in-process', { history: { postgres: database.url, outbox: join(bench.folder, 'outbox.db') } });
      await run();
      await eventually('the first run arrives', async () => (await history.list({ status: ['succeeded'] })).length === 1);
      await database.proxy.down();
      const end = Date.now() + DOWN_MS;
      while (Date.now() < end) await Promise.all([run(), run(), new Promise((resolve) => setTimeout(resolve, 50))]);
      expect(await history.list()).toHaveLength(1);
      await database.proxy.up();
      const arrived = async () => (await history.list({ status: ['succeeded'], limit: 100_000 })).length === runIds.length;
      await eventually('all runs have arrived', arrived, 30_000);
      for (const runId of runIds)
        expect((await history.events(runId)).map(({ event }) => event.id)).toEqual(bench.of(runId).map(({ id }) => id));
    } finally {
      await history.close();
      await bench.close();
    }
  },
  60_000 + 2 * DOWN_MS,
);

test('a database that is silent does not hold up the end of a worker', async () => {
  using folder = new Folder();
  await using database = await proxied();
  const one = await worker(database.url, folder.file('outbox.db'));
  await record(one, 'r1');
  await complete(database.direct, ['r1']);
  database.proxy.silence();
  await record(one, 'r2');
  const begin = performance.now();
  for (const recording of open.splice(0)) await recording.close();
  expect(performance.now() - begin).toBeLessThan(6_000);
  await database.proxy.up();
  await worker(database.url, folder.file('outbox.db'));
  await complete(database.direct, ['r1', 'r2']);
});

test('what a process left in its outbox the next one takes along', async () => {
  using folder = new Folder();
  await using schema = await emptySchema();
  const file = folder.file('outbox.db');
  const dead = await Outbox.open(file);
  dead.append(fullRun('r1'), new Map([['r1', 4]]));
  await dead.close();
  const next = await worker(schema.url, file);
  await record(next, 'r2');
  await complete(schema.url, ['r1', 'r2']);
  await eventually('what was lost is counted', async () => (await next.history.list({ runIds: ['r1'] }))[0]?.missingEvents === 4);
  for (const recording of open.splice(0)) await recording.close();
});

test('several workers share a database, two of them an outbox; whoever goes leaves nothing behind', async () => {
  using folder = new Folder();
  await using schema = await emptySchema();
  const workers = [
    await worker(schema.url, folder.file('a.db')),
    await worker(schema.url, folder.file('a.db')),
    await worker(schema.url, folder.file('b.db')),
  ];
  const runIds = Array.from({ length: 60 }, (_, n) => `r${n}`);
  await Promise.all(
    workers.map(async (each, n) => {
      // Each run is published by two of them, as it is when a run moves.
      for (const [at, runId] of runIds.entries()) if (at % 3 !== n) await record(each, runId);
    }),
  );
  for (const recording of open.splice(0)) await recording.close();
  await complete(schema.url, runIds);
});

test('an event that the database never takes is told, and holds up no other', async () => {
  using folder = new Folder();
  await using schema = await emptySchema();
  const one = await worker(schema.url, folder.file('outbox.db'));
  const bad = eventsOf('bad').queued();
  one.record(bad);
  one.record({ ...bad, id: 'bad/1', time: 'no time at all' });
  await record(one, 'r1');
  await complete(schema.url, ['r1']);
  await eventually('that is told', () => codes(one.told).includes('HISTORY_EVENTS_LOST'));
  expect(one.told.join('\n')).toContain('does not take event bad/1 (run.queued)');
  for (const recording of open.splice(0)) await recording.close();
});
