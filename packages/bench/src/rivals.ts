import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { durablePostgres, redis } from '@summit/maestro-services';
import { openRunner } from '@summit/maestro-worker';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { chain, NOOP } from './engine-plan.ts';

/** Another engine that does four steps which do nothing, one after the other; each remembered before the next. */
export interface Rival {
  /** One workflow, from its start to its end. */
  run(): Promise<unknown>;
  close(): Promise<void>;
}

const STEPS = 4;
const databases = ['dbos', 'boss'].map((name) => `bench_${name}_${process.pid}`) as [string, string];

/** A database of its own, made anew. */
async function database(name: string): Promise<string> {
  const { url } = await durablePostgres();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

async function drop(name: string): Promise<void> {
  const { url } = await durablePostgres();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await client.end();
}

/** Ours, on the embedded server with its defaults. */
async function ours(): Promise<Rival> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const runner = await openRunner({
    engine: { kind: 'embedded', dir: join(folder, '.maestro') },
    packages: [NOOP],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
  });
  const plan = await chain(STEPS);
  const initiator = { id: 'bench', roles: [] };
  return {
    run: async () => {
      const result = await (await runner.start({ plan, inputs: {}, initiator })).result();
      if (result.status !== 'succeeded') throw new Error(JSON.stringify(result.error));
    },
    close: async () => {
      await runner.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A DBOS workflow of four steps. 20 connections to PostgreSQL. */
async function dbos(): Promise<Rival> {
  const systemDatabaseUrl = await database(databases[0]);
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl, systemDatabasePoolSize: 20, logLevel: 'error', runAdminServer: false });
  const workflow = DBOS.registerWorkflow(
    async (n: number) => {
      for (let step = 0; step < STEPS; step++) {
        const seen = n;
        n = await DBOS.runStep(async () => seen, { name: `t${step}` });
      }
      return n;
    },
    { name: 'chain' },
  );
  await DBOS.launch();
  return {
    run: async () => (await DBOS.startWorkflow(workflow)(1)).getResult(),
    close: async () => {
      await DBOS.shutdown();
      await drop(databases[0]);
    },
  };
}

/**
 * Four queues of pg-boss: each job sends the one that follows it. Workers are woken by LISTEN/NOTIFY, take up to 100 jobs at once, and go on at once while
 * there are more. `together`: the followers of 100 jobs are put by one statement, so that jobs that were taken together also fail together.
 */
async function pgBoss(together: boolean): Promise<Rival> {
  const boss = new PgBoss({
    connectionString: await database(databases[1]),
    max: 20,
    useListenNotify: true,
    supervise: false,
    schedule: false,
  });
  boss.on('error', () => {});
  await boss.start();
  const ended = new Map<string, () => void>();
  for (let step = 0; step < STEPS; step++) {
    const [queue, next] = [`step-${step}`, `step-${step + 1}`];
    await boss.createQueue(queue, { notify: true });
    const options = { batchSize: 100, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 };
    await boss.work<{ run: string }>(queue, { ...options, localConcurrency: 2 }, async (jobs) => {
      if (step === STEPS - 1) for (const { data } of jobs) ended.get(data.run)?.();
      else if (together)
        await boss.insert(
          next,
          jobs.map(({ data }) => ({ data })),
        );
      else await Promise.all(jobs.map(({ data }) => boss.send(next, data)));
    });
  }
  let serial = 0;
  return {
    run: async () => {
      const run = `${serial++}`;
      const end = new Promise<void>((resolve) => ended.set(run, resolve));
      await boss.send('step-0', { run });
      await end;
      ended.delete(run);
    },
    close: async () => {
      await boss.stop({ graceful: false, timeout: 1_000 });
      await drop(databases[1]);
    },
  };
}

/** Four queues of BullMQ on a Redis that writes every command to its file before it answers. */
async function bullMq(): Promise<Rival> {
  const { url } = await redis();
  const connection = () => new Redis(url, { maxRetriesPerRequest: null });
  const prefix = `bench-${process.pid}`;
  const connections: Redis[] = [];
  const opened = () => {
    const made = connection();
    connections.push(made);
    return { connection: made, prefix };
  };
  const queues = Array.from({ length: STEPS }, (_, step) => new Queue<{ run: string }>(`step-${step}`, opened()));
  const ended = new Map<string, () => void>();
  const workers = queues.map(
    (_, step) =>
      new Worker<{ run: string }>(
        `step-${step}`,
        async ({ data }) => {
          if (step === STEPS - 1) ended.get(data.run)?.();
          else await queues[step + 1]?.add('job', data, { removeOnComplete: true });
        },
        // Its process stands still for longer than a lock lasts.
        { ...opened(), concurrency: 50, lockDuration: 600_000 },
      ),
  );
  let serial = 0;
  return {
    run: async () => {
      const run = `${serial++}`;
      const end = new Promise<void>((resolve) => ended.set(run, resolve));
      await queues[0]?.add('job', { run }, { removeOnComplete: true });
      await end;
      ended.delete(run);
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      for (const queue of queues) {
        await queue.obliterate({ force: true });
        await queue.close();
      }
      for (const each of connections) each.disconnect();
    },
  };
}

/** Each engine, by name; opened in the process that calls it. */
export const RIVALS = {
  ours,
  dbos,
  pgBoss: () => pgBoss(false),
  pgBossTogether: () => pgBoss(true),
  bullMq,
} as const;

export type RivalName = keyof typeof RIVALS;
