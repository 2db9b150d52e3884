import { DBOS } from '@dbos-inc/dbos-sdk';
import { durablePostgres, redis } from '@summit/maestro-services';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { PgBoss } from 'pg-boss';

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

/** A DBOS workflow of four steps. 20 connections to PostgreSQL. */
export async function dbos(): Promise<Rival> {
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
 * Four queues of pg-boss: the job of each puts the one of the next. Workers are woken by LISTEN/NOTIFY and go on at once while their batches are full; 100 jobs
 * are fetched, handled and completed together.
 */
export async function pgBoss(): Promise<Rival> {
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
    const queue = `step-${step}`;
    await boss.createQueue(queue, { notify: true });
    const options = { batchSize: 100, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 };
    await boss.work<{ run: string }>(queue, { ...options, localConcurrency: 2 }, async (jobs) => {
      if (step === STEPS - 1) for (const { data } of jobs) ended.get(data.run)?.();
      else
        await boss.insert(
          `step-${step + 1}`,
          jobs.map(({ data }) => ({ data })),
        );
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
export async function bullMq(): Promise<Rival> {
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
        { ...opened(), concurrency: 50 },
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
