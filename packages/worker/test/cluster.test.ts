import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Balancer, balancer, freePorts, type Nodes, type RestateNode, restateNodes } from '@summit/maestro-services';
import { type EngineOptions, openRunner, type Runner, type RunResult } from '@summit/maestro-worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alice, eventually, FIXTURES, plan } from './harness.ts';

/** Runs in flight at each fault; how often each fault is done: more than once with MAESTRO_TEST_CLUSTER_ROUNDS. */
const RUNS = 50;
const ROUNDS = Number(process.env.MAESTRO_TEST_CLUSTER_ROUNDS ?? 1);
const ITEMS = 5;
/** After a fault something has to go on within this, in milliseconds. */
const FIRST_PROGRESS_MS = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'maestro-cluster-'));
const log = join(folder, 'effects.ndjson');
let cluster: Nodes;
let front: Balancer;
let client: Runner;
let engine: Extract<EngineOptions, { kind: 'remote' }>;
const workers: { port: number; process: ChildProcess }[] = [];

beforeAll(async () => {
  cluster = await restateNodes(3);
  front = await balancer();
  engine = {
    kind: 'remote',
    ingressUrl: cluster.nodes.map(({ ingressUrl }) => ingressUrl),
    adminUrl: cluster.nodes.map(({ adminUrl }) => adminUrl),
  };
  await Promise.all([addWorker(), addWorker()]);
  client = await openRunner({
    packages: [FIXTURES],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'a'),
    engine,
  });
});
afterAll(async () => {
  await client?.close();
  for (const { process } of workers) process.kill('SIGKILL');
  await cluster?.[Symbol.asyncDispose]();
  await front?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

it(
  'loses nothing and goes on when a node is killed, a worker is killed, and a node is cut off, under 50 runs',
  async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [first, second] = turn(cluster.nodes, round);
      const seen: Record<string, string> = {};
      const wave = await startRuns(`r${round}-killed`);

      seen['node killed'] = await progress(wave, () => first.signal('SIGKILL'));

      const victim = workers.shift();
      seen['worker killed'] = await progress(wave, () => {
        victim?.process.kill('SIGKILL');
        front.ports = front.ports.filter((port) => port !== victim?.port);
      });
      await allSucceed(wave);

      // What was killed comes back: two of three are needed.
      first.start();
      await addWorker();
      await eventually('the node is back', () => first.ready(), 60_000);
      const next = await startRuns(`r${round}-cut`);
      seen['node cut off'] = await progress(next, () => second.signal('SIGSTOP'));
      await allSucceed(next);
      second.signal('SIGCONT');
      process.stdout.write(`cluster round ${round}: ${JSON.stringify(seen)}\n`);
    }
  },
  180_000 * ROUNDS,
);

interface Wave {
  runIds: string[];
  results: Promise<RunResult>[];
}

/** Runs of some ten seconds: lists whose items hold on for a moment, half of them on the workers of a pool, and a wait. */
async function startRuns(prefix: string): Promise<Wave> {
  const items = Array.from({ length: ITEMS }, (_, i) => i);
  const append = (id: string) => ({ uses: 'effect.append', with: { log, id, holdMs: 800 } });
  const what = await plan({
    before: { ...append('before'), forEach: { in: items, maxParallel: 1 } },
    wait: { uses: 'wait', needs: ['before'], with: { ms: 500 } },
    pooled: { ...append('pooled'), needs: ['wait'], pool: 'extra', forEach: { in: items, maxParallel: 1 } },
    after: { ...append('after'), needs: ['pooled'], compensate: append('never') },
  });
  const handles = await Promise.all(
    Array.from({ length: RUNS }, (_, i) => client.start({ plan: what, inputs: {}, initiator: alice, runId: `${prefix}-${i}` })),
  );
  const results = handles.map((handle) => handle.result());
  for (const result of results) result.catch(() => {});
  await eventually('the runs are on', () => begun(prefix).size >= RUNS);
  return { runIds: handles.map(({ runId }) => runId), results };
}

/**
 * Does `fault`, and waits until every run that was on has begun something that it had not begun: only the engine can have had that
 * done. Says after how long the first and the last of them did.
 */
async function progress({ runIds }: Wave, fault: () => void): Promise<string> {
  const before = begun();
  const at = performance.now();
  fault();
  const waiting = new Set(runIds);
  let first: number | undefined;
  await eventually(
    'every run goes on',
    () => {
      for (const key of begun()) {
        if (before.has(key)) continue;
        first ??= performance.now() - at;
        waiting.delete(key.split('/')[0] ?? '');
      }
      return waiting.size === 0;
    },
    60_000,
  );
  expect(first).toBeLessThan(FIRST_PROGRESS_MS);
  return `first after ${Math.round(first ?? 0)} ms, all after ${Math.round(performance.now() - at)} ms`;
}

async function allSucceed(wave: Wave): Promise<void> {
  const results = await Promise.all(wave.results);
  expect(results.map(({ status, error }) => error ?? status)).toEqual(results.map(() => 'succeeded'));
  checkEffects(wave);
}

/** Every effect at least once, and with one more than once always the same key: exactly once where the receiver knows keys. */
function checkEffects({ runIds }: Wave): void {
  const ended = new Map<string, number>();
  for (const { key, phase } of lines()) if (phase === 'end') ended.set(key, (ended.get(key) ?? 0) + 1);
  const expected = runIds.flatMap((id) => [
    ...Array.from({ length: ITEMS }, (_, i) => `${id}/before[${i}]`),
    ...Array.from({ length: ITEMS }, (_, i) => `${id}/pooled[${i}]`),
    `${id}/after`,
  ]);
  expect(expected.filter((key) => !ended.has(key))).toEqual([]);
  const own = [...ended.keys()].filter((key) => runIds.includes(key.split('/')[0] ?? ''));
  expect(own.sort()).toEqual(expected.sort());
}

function lines(): { key: string; phase: string }[] {
  if (!existsSync(log)) return [];
  // A process that is killed may leave a line half written.
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

/** Keys of what has begun, of the runs whose ids begin so. */
function begun(prefix = ''): Set<string> {
  return new Set(lines().flatMap(({ key, phase }) => (phase === 'begin' && key.startsWith(prefix) ? [key] : [])));
}

async function addWorker(): Promise<void> {
  const [port] = await freePorts(1);
  const options = {
    engine: { ...engine, port, advertisedUrl: front.url },
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
    pools: { serves: ['default', 'extra'] },
  };
  front.ports.push(port as number);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'cluster-worker.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  workers.push({ port: port as number, process: child });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}

function turn(nodes: Nodes['nodes'], by: number): [RestateNode, RestateNode] {
  return [nodes[by % nodes.length] as RestateNode, nodes[(by + 1) % nodes.length] as RestateNode];
}
