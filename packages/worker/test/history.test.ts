import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { History, RunSummary } from '../src/history/history.ts';
import { endLost } from '../src/history/lost.ts';
import { PostgresHistory } from '../src/history/postgres-history.ts';
import { keepPruning } from '../src/history/retention.ts';
import { SqliteHistory } from '../src/history/sqlite-history.ts';
import type { RunEvent } from '../src/run.ts';
import { emptySchema, eventsOf, Folder, fullRun } from './history-events.ts';

async function opened(kind: 'sqlite' | 'postgres'): Promise<{ history: History; again(): Promise<History>; dispose(): Promise<void> }> {
  if (kind === 'sqlite') {
    const folder = new Folder();
    const open = () => SqliteHistory.open(folder.file('history.db'));
    const history = await open();
    return {
      history,
      again: open,
      dispose: async () => {
        await history.close();
        folder[Symbol.dispose]();
      },
    };
  }
  const schema = await emptySchema();
  const history = await PostgresHistory.open(schema.url);
  return {
    history,
    again: () => PostgresHistory.open(schema.url),
    dispose: async () => {
      await history.close();
      await schema[Symbol.asyncDispose]();
    },
  };
}

describe.each(['sqlite', 'postgres'] as const)('a history in %s', (kind) => {
  let use: Awaited<ReturnType<typeof opened>>;
  let history: History;
  let serial = 0;
  const id = () => `${kind}-${serial++}`;
  beforeAll(async () => {
    use = await opened(kind);
    history = use.history;
  });
  afterAll(() => use.dispose());

  const listed = async (runId: string) => (await history.list({ runIds: [runId] }))[0] as RunSummary;

  test('tells of a run what its events say', async () => {
    const runId = id();
    const events = fullRun(runId);
    await history.append(events);
    expect(await listed(runId)).toEqual({
      runId,
      ref: 'deploy@1.2.0',
      name: 'deploy',
      version: '1.2.0',
      status: 'failed',
      createdAt: events[0]?.time,
      startedAt: events[4]?.time,
      finishedAt: events.at(-1)?.time,
      initiator: 'alice',
      planDigest: 'sha256:a',
      dryRun: false,
      error: { code: 'TERMINAL', message: kind === 'sqlite' ? 'it does not work\0 at all' : 'it does not work\ufffd at all', task: 'boom' },
      tasks: { total: 6, succeeded: 4, failed: 1, skipped: 1, cancelled: 0 },
      pending: [],
    });
    const detail = await history.show(runId);
    expect(detail).toMatchObject({
      inputs: { n: 1 },
      initiatorRoles: ['sre'],
      error: { message: 'it does not work\0 at all' },
      decisions: [{ role: 'ops' }, { role: 'legal' }, { role: 'boss', name: 'gate#2/decision1' }],
      compensations: [
        { task: 'list', item: 1, status: 'compensated', attempts: 1 },
        { task: 'sub/one', status: 'failed', attempts: 2, error: { code: 'X' } },
      ],
    });
    expect(detail?.taskTree.map(({ id, status }) => [id, status])).toEqual([
      ['list', 'succeeded'],
      ['sub', 'succeeded'],
      ['gate', 'succeeded'],
      ['boom', 'failed'],
      ['after', 'skipped'],
      ['tell', 'succeeded'],
    ]);
    const [list, sub, gate, , after, tell] = detail?.taskTree ?? [];
    expect(list).toMatchObject({
      itemCounts: { total: 2, succeeded: 2, failed: 0 },
      items: [
        { item: 0, status: 'succeeded', output: { n: 0 } },
        { item: 1, attempts: 2 },
      ],
      failedAttempts: [{ item: 1, attempt: 1, retryInMs: 10 }],
    });
    expect(sub?.tasks).toMatchObject([{ id: 'sub/one', status: 'succeeded', output: 'x' }]);
    expect(gate).toMatchObject({ attempts: 2, failedAttempts: [{ attempt: 1, error: { code: 'TIMEOUT' } }] });
    expect(after).toMatchObject({ reason: 'boom failed' });
    expect(tell).toMatchObject({ phase: 'onFailure' });
  });

  test('gives events back as they were, in order, from a position on', async () => {
    const runId = id();
    const events = fullRun(runId);
    await history.append(events);
    const all = await history.events(runId);
    // A lone surrogate is no text; JSON keeps it by its number.
    expect(all.map(({ event }) => event)).toEqual(events);
    const rest = await history.events(runId, { after: all[9]?.position as number, limit: 3 });
    expect(rest.map(({ event }) => event.id)).toEqual(events.slice(10, 13).map((event) => event.id));
    const exported: RunEvent[] = [];
    for await (const event of history.export({ runIds: [runId] })) exported.push(event);
    expect(exported).toEqual(events);
    await expect(history.events('nobody')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    expect(await history.show('nobody')).toBeUndefined();
  });

  test('says what people are asked while they are', async () => {
    const runId = id();
    const events = fullRun(runId);
    const states: [string, string][] = [];
    for (const event of events) {
      await history.append([event]);
      const { status, pending } = await listed(runId);
      states.push([status, pending.map(({ role }) => role).join()]);
    }
    const changes = states.filter((state, at) => String(state) !== String(states[at - 1]));
    expect(changes).toEqual([
      ['queued', ''],
      ['awaiting-approval', 'ops,legal'],
      ['awaiting-approval', 'legal'],
      ['queued', ''],
      ['running', ''],
      ['awaiting-approval', 'boss'],
      ['running', ''],
      ['awaiting-approval', 'boss'],
      ['running', ''],
      ['failed', ''],
    ]);
  });

  test('says how far a run is that is on', async () => {
    const runId = id();
    const progress: unknown[] = [];
    for (const event of fullRun(runId).slice(0, -1)) {
      await history.append([event]);
      const { tasks } = await listed(runId);
      if (JSON.stringify(tasks) !== JSON.stringify(progress.at(-1))) progress.push(tasks);
    }
    const none = { total: 5, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
    const three = { ...none, succeeded: 3 };
    const most = [
      { ...none, succeeded: 1 },
      { ...none, succeeded: 2 },
      three,
      { ...three, failed: 1 },
      { ...three, failed: 1, skipped: 1 },
    ];
    expect(progress).toEqual([none, ...most]);
    expect((await history.show(runId))?.tasks).toEqual(most.at(-1));
  });

  test('an end that was only concluded gives way to the one that was told, in any order', async () => {
    const elsewhere = await use.again();
    for (const order of [['lost', 'told'], ['told', 'lost'], ['both'], ['lost elsewhere', 'told'], ['told', 'lost elsewhere']]) {
      const run = eventsOf(id());
      const process = { pid: 1, started: '2', host: 'far-away', pids: 'of another machine' };
      const queued = run.queued({ process });
      const runId = queued.subject;
      await history.append([queued, run.emit('run.started', { tasks: ['a'] })]);
      expect(await listed(runId)).toMatchObject({ status: 'running', process: { pid: 1, host: 'far-away' } });
      const [held] = (await history.held()).filter((one) => one.runId === runId);
      expect(held).toEqual({ runId, ref: 'deploy@1.2.0', process, lastAt: Date.parse('2026-03-01T12:00:00.014Z') });
      await endLost(history, true);
      expect(await listed(runId), 'of another machine nothing is known').toMatchObject({ status: 'running' });
      const lost = run.emit('run.finished', { status: 'failed', error: { code: 'RUN_LOST', message: 'gone' } });
      const told = run.emit('run.finished', { status: 'succeeded', outputs: { n: 1 } });
      const ends = { lost: [lost], told: [told], both: [told, lost] };
      for (const end of order) {
        if (end === 'lost elsewhere') await elsewhere.append([lost]);
        else await history.append(ends[end as keyof typeof ends]);
      }
      const { error, ...detail } = (await history.show(runId)) ?? {};
      expect({ error, ...detail }).toMatchObject({ status: 'succeeded', finishedAt: told.time, outputs: { n: 1 } });
      expect(error).toBeUndefined();
      expect((await history.held()).filter((one) => one.runId === runId)).toEqual([]);
    }
    await elsewhere.close();
  });

  test('any order and any repetition of events gives the same', async () => {
    const reference = id();
    await history.append(fullRun(reference));
    const strip = (value: unknown, runId: string) => JSON.parse(JSON.stringify(value).replaceAll(runId, 'RUN'));
    const wanted = [strip(await listed(reference), reference), strip(await history.show(reference), reference)];
    const partly = fc.array(fc.nat(33), { minLength: 1, maxLength: 34 });
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...Array(34).keys()], { minLength: 34 }),
        partly,
        fc.array(fc.nat(12), { maxLength: 12 }),
        async (order, again, cuts) => {
          const runId = id();
          const events = fullRun(runId);
          const stream = [...order, ...again].map((at) => events[at] as RunEvent);
          for (const cut of cuts) await history.append(stream.splice(0, cut));
          await history.append(stream);
          expect([strip(await listed(runId), runId), strip(await history.show(runId), runId)]).toEqual(wanted);
          // The same some events of a run, in two orders: the same as well.
          const [one, two] = [id(), id()];
          const some = [...new Set(again)];
          await history.append(some.map((at) => fullRun(one)[at] as RunEvent));
          for (const at of some.toReversed()) await history.append([fullRun(two)[at] as RunEvent]);
          expect(strip(await listed(one), one)).toEqual(strip(await listed(two), two));
        },
      ),
      { numRuns: kind === 'sqlite' ? 60 : 15 },
    );
  });

  test('lists what is asked for, newest first, page by page', async () => {
    const own = `list-${kind}`;
    const runs = Array.from({ length: 25 }, (_, n) => {
      // Two at a time were created at the same moment.
      const run = eventsOf(id(), `${own}@1.${n % 2}.0`, Date.parse('2026-04-01T00:00:00Z') + Math.floor(n / 2) * 60_000);
      const queued = run.queued({
        initiator: { id: n % 3 === 0 ? 'bob' : 'alice', roles: [] },
        ...(n === 7 ? { parent: 'p' } : {}),
        ...(n === 9 ? { dryRun: true } : {}),
      });
      const end = n % 5 === 0 ? [run.emit('run.finished', { status: 'succeeded' })] : [];
      return [queued, run.emit('run.started'), ...end];
    });
    await history.append(runs.flat());
    const ids = async (options: Parameters<History['list']>[0]) => (await history.list(options)).map(({ runId }) => runId);
    const of = (which: (n: number) => boolean) =>
      runs.flatMap((events, n) => (which(n) ? [events[0]?.subject as string] : [])).toReversed();
    const all = await ids({ runbook: own });
    expect(all).toEqual(of(() => true));
    const pages = [await ids({ runbook: own, limit: 10 })];
    while (pages.at(-1)?.length === 10) pages.push(await ids({ runbook: own, limit: 10, before: pages.at(-1)?.at(-1) as string }));
    expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
    expect(pages.flat()).toEqual(all);
    expect(await ids({ runbook: `${own}@1.1.0` })).toEqual(of((n) => n % 2 === 1));
    expect(await ids({ runbook: own, status: ['succeeded', 'failed'] })).toEqual(of((n) => n % 5 === 0));
    expect(await ids({ runbook: own, status: [] })).toEqual([]);
    expect(await ids({ runbook: own, initiator: 'bob' })).toEqual(of((n) => n % 3 === 0));
    expect(await ids({ runbook: own, since: Date.parse('2026-04-01T00:05:00Z'), until: Date.parse('2026-04-01T00:07:00Z') })).toEqual(
      of((n) => n >= 10 && n < 14),
    );
    expect((await history.list({ runbook: own })).filter(({ parent }) => parent === 'p')).toHaveLength(1);
    expect((await history.list({ runbook: own })).filter(({ dryRun }) => dryRun)).toHaveLength(1);
    await expect(history.list({ before: 'nobody' })).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  test('forgets runs that ended long ago, and no others', async () => {
    const old = Date.parse('2020-01-01T00:00:00Z');
    const [ended, going] = [id(), id()];
    await history.append(fullRun(ended, old));
    await history.append(fullRun(going, old).slice(0, -1));
    const before = old + 3_600_000;
    expect(await history.prune({ before, dryRun: true })).toEqual({ runs: 1, events: 34 });
    expect(await history.prune({ before })).toEqual({ runs: 1, events: 34 });
    expect(await history.show(ended)).toBeUndefined();
    expect(await listed(going)).toMatchObject({ status: 'running' });
    expect(await history.prune({ before })).toEqual({ runs: 0, events: 0 });
  });

  test('counts what is known to be lost', async () => {
    const runId = id();
    await history.append(fullRun(runId), new Map([[runId, 3]]));
    await history.append(
      [],
      new Map([
        [runId, 2],
        ['nobody', 1],
      ]),
    );
    expect(await listed(runId)).toMatchObject({ missingEvents: 5 });
  });

  test('two writers at once lose nothing and write nothing twice', async () => {
    const other = await use.again();
    const runIds = Array.from({ length: 40 }, id);
    try {
      const write = async (to: History, order: string[]) => {
        for (const runId of order) {
          const events = fullRun(runId);
          while (events.length > 0) await to.append(events.splice(0, 9));
        }
      };
      await Promise.all([write(history, runIds), write(other, runIds.toReversed())]);
    } finally {
      await other.close();
    }
    for (const runId of runIds) {
      const stored = await history.events(runId);
      expect(stored.map(({ event }) => event.id).sort()).toEqual(
        fullRun(runId)
          .map((event) => event.id)
          .sort(),
      );
      expect(await listed(runId)).toMatchObject({ status: 'failed' });
    }
  });

  test('several that open it at once find it ready', async () => {
    const fresh = await opened(kind);
    try {
      const all = await Promise.all(Array.from({ length: 5 }, () => fresh.again()));
      await Promise.all(all.map((each, n) => each.append(fullRun(`at-once-${n}`))));
      expect(await fresh.history.list()).toHaveLength(5);
      for (const each of all) await each.close();
    } finally {
      await fresh.dispose();
    }
  });
});

test('runs are forgotten by themselves for as long as a worker is up', async () => {
  using folder = new Folder();
  const history = await SqliteHistory.open(folder.file('history.db'));
  await history.append(fullRun('old', Date.now() - 10 * 86_400_000));
  await history.append(fullRun('new', Date.now() - 86_400_000));
  const stop = keepPruning(history, 2 * 86_400_000, () => {}, [1, 50]);
  await expect.poll(async () => (await history.list()).map(({ runId }) => runId)).toEqual(['new']);
  await history.append(fullRun('older', Date.now() - 20 * 86_400_000));
  await expect.poll(async () => (await history.list()).map(({ runId }) => runId)).toEqual(['new']);
  stop();
  await history.close();
});

test('a file of a newer version is left alone', async () => {
  using folder = new Folder();
  const file = folder.file('history.db');
  await (await SqliteHistory.open(file)).close();
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec('pragma user_version = 99');
  database.close();
  await expect(SqliteHistory.open(file)).rejects.toMatchObject({ code: 'HISTORY_NEWER', message: expect.stringContaining(file) });
});

test('a file of something else is left alone', async () => {
  using folder = new Folder();
  const file = folder.file('accounts.db');
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(file);
  database.exec('create table accounts (name text)');
  database.close();
  await expect(SqliteHistory.open(file)).rejects.toMatchObject({ code: 'HISTORY_FOREIGN' });
});

test('a database of a newer version is left alone', async () => {
  await using schema = await emptySchema();
  await (await PostgresHistory.open(schema.url)).close();
  await schema.ask("insert into maestro_history_steps values ('9999-later', '2030-01-01')");
  await expect(PostgresHistory.open(schema.url)).rejects.toMatchObject({
    code: 'HISTORY_NEWER',
    message: expect.not.stringContaining('not-a-secret'),
  });
});
