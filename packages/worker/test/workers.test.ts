import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plan } from '@summit/maestro-manifest';
import { balancer, freePorts, type Nodes, type RestateNode, restateNodes } from '@summit/maestro-services';
import {
  openDeployments,
  openHistory,
  openRunner,
  openWorker,
  type RunEvent,
  type Runner,
  type Worker,
  type WorkerOptions,
} from '@summit/maestro-worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { alice, eventually, FIXTURES, plan } from './harness.ts';

let restate: Nodes;
let node: RestateNode;
let client: Runner;
const folder = mkdtempSync(join(tmpdir(), 'maestro-workers-'));
const opened: { drain(): Promise<void> }[] = [];

beforeAll(async () => {
  restate = await restateNodes(1);
  node = restate.nodes[0];
  client = await openRunner({ ...common(), engine: engine() });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((worker) => worker.drain()));
  const deployments = await openDeployments(engine());
  for (const { id } of await deployments.list()) await node.admin('DELETE', `/deployments/${id}?force=true`);
});
afterAll(async () => {
  await client?.close();
  await restate?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function common() {
  return { packages: [FIXTURES], from: import.meta.dirname, workspace: folder, artifactsDir: join(folder, 'artifacts') };
}

function engine(more: Partial<WorkerOptions['engine']> = {}): WorkerOptions['engine'] {
  return { kind: 'remote', ingressUrl: node.ingressUrl, adminUrl: node.adminUrl, port: 0, ...more };
}

/** A worker in this process that remembers its events; it is drained after the test. */
async function anyWorker(more: Partial<WorkerOptions> = {}): Promise<Worker & { events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const made = await openWorker({ ...common(), engine: engine(), drainMs: 200, onEvent: (event) => events.push(event), ...more });
  opened.push(made);
  return Object.assign(made, { events });
}

const start = (what: Plan, runId?: string) => client.start({ plan: what, inputs: {}, initiator: alice, ...(runId ? { runId } : {}) });
const active = (runId: string) => client.find(runId);

interface Effect {
  id: string;
  key: string;
  attempt: number;
  phase: 'begin' | 'end';
}

/** A log that `effect.append` writes to. */
function anyLog(name: string): { file: string; lines(phase?: Effect['phase']): Effect[] } {
  const file = join(folder, `${name}.ndjson`);
  return {
    file,
    lines: (phase) => {
      const all = existsSync(file)
        ? readFileSync(file, 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Effect)
        : [];
      return phase === undefined ? all : all.filter((line) => line.phase === phase);
    },
  };
}

/** As it is, and with every run put to rest and replayed whenever it waits for anything. */
const replays = [
  ['as it is', {}],
  ['always replayed', { inactivityMs: 0, restAfterMs: 0 }],
] as const;

describe.each(replays)('pools, %s', (_, resting) => {
  const mode = _ === 'as it is' ? 'plain' : 'replay';
  const worker = (more: Partial<WorkerOptions> = {}) => anyWorker({ ...more, engine: { ...(more.engine ?? engine()), ...resting } });
  const effectLog = (name: string) => anyLog(`${name}-${mode}`);

  it('execute what asks for them; retries stay with the run, secrets with the worker that uses them', async () => {
    const history = { sqlite: join(folder, `history-${mode}.db`) };
    const walker = await worker({ history });
    const gpu = await worker({
      history,
      pools: { serves: ['gpu'] },
      secrets: [async (name) => (name === 'TOKEN' ? 'a-very-secret-value' : undefined)],
    });
    const log = effectLog('pools');
    const made = await plan({
      many: {
        uses: 'effect.append',
        pool: 'gpu',
        forEach: { in: [1, 2, 3] },
        with: { log: log.file, id: { $cel: '"item-" + string(item)' } },
      },
      again: {
        uses: 'fail',
        pool: 'gpu',
        with: { how: 'transient', times: 1 },
        retry: { maxAttempts: 3, initialInterval: 10 },
      },
      own: { uses: 'secret', pool: 'gpu', with: { ask: 'TOKEN' } },
      given: { uses: 'secret', pool: 'gpu', with: { given: { $secret: 'TOKEN' } } },
    });
    const { runId, result } = await start(made);
    expect(await result()).toMatchObject({ status: 'succeeded' });
    expect(
      log
        .lines('end')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['item-1', 'item-2', 'item-3']);
    expect(log.lines('end')[0]?.key).toMatch(new RegExp(`^${runId}/many\\[\\d\\]$`));
    const failed = walker.events.filter(({ type }) => type === 'task.attempt-failed');
    expect(failed).toMatchObject([{ data: { task: 'again', attempt: 1, error: { code: 'TRY_AGAIN' } } }]);
    expect(gpu.events.map(({ type, data }) => `${type} ${String(data.task)}`).sort()).toEqual([
      'task.event given',
      'task.event own',
      'task.log given',
      'task.log own',
    ]);
    expect(JSON.stringify([walker.events, gpu.events])).not.toContain('a-very-secret-value');
    const recorded = await openHistory(history);
    const logged = (await recorded.events(runId)).flatMap(({ event }) => (event.type === 'task.log' ? [event.data.task] : []));
    expect(logged.sort()).toEqual(['given', 'own']);
    await recorded.close();
  });

  it('hear of a cancel, and undo there what was done there', async () => {
    await worker();
    await worker({ pools: { serves: ['gpu'] } });
    const log = effectLog('cancel');
    const undo = { uses: 'effect.append', with: { log: log.file, id: 'undone', holdMs: 300 } };
    const { runId, result } = await start(
      await plan({
        done: { uses: 'effect.append', pool: 'gpu', with: { log: log.file, id: 'done' }, compensate: undo },
        long: { uses: 'effect.append', pool: 'gpu', needs: ['done'], with: { log: log.file, id: 'long', holdMs: 60_000 } },
      }),
    );
    await eventually('the long one is on', () => log.lines('begin').some(({ id }) => id === 'long'));
    await client.cancel(runId);
    await eventually('it is being undone', () => log.lines('begin').some(({ id }) => id === 'undone'));
    // A cancel ends the calls of a run; what undoes it is not ended by one.
    await client.cancel(runId).catch(() => {});
    expect(await result()).toMatchObject({ status: 'cancelled', compensations: [{ task: 'done', status: 'compensated' }] });
    expect([...new Set(log.lines('end').map(({ id }) => id))]).toEqual(['done', 'undone']);
  });

  it('are refused where nobody serves them, or where a task would only wait there', async () => {
    await worker();
    const asks = await plan({ a: { uses: 'echo', pool: 'gpus', with: { value: 1 } } });
    await worker({ pools: { serves: ['gpu'] } });
    await expect(start(asks)).rejects.toMatchObject({
      code: 'POOL_UNKNOWN',
      message: expect.stringMatching(/"gpus" \(a\); there are: gpu\. Start a worker that serves it \(maestro worker --pool gpus/),
    });
    const waits = await plan({ a: { uses: 'wait', pool: 'gpu', with: { ms: 1 } } });
    await expect(start(waits)).rejects.toMatchObject({ code: 'POOL_UNSUITABLE', message: expect.stringContaining('tasks/wait (a)') });
  });

  it('whose workers are gone make a run wait, which says so, until one is back', async () => {
    await using front = await balancer();
    await worker();
    const gpu = () => worker({ engine: engine({ advertisedUrl: front.url }), pools: { serves: ['gpu'] } });
    // Behind an address that stays.
    const [port] = await freePorts(1);
    front.ports = [port as number];
    const first = await worker({ engine: engine({ advertisedUrl: front.url, port: port as number }), pools: { serves: ['gpu'] } });
    await first.drain();
    const { runId, result } = await start(await plan({ a: { uses: 'echo', pool: 'gpu', with: { value: 7 } } }));
    await eventually('it says why it waits', async () => {
      const run = await active(runId);
      return run?.state === 'retrying' && /^pool gpu: no worker answers at http/.test(run.problem?.message ?? '');
    });
    const again = gpu();
    front.ports = [(await again).port];
    expect(await result()).toMatchObject({ status: 'succeeded' });
  });

  it('a run that is killed leaves nothing in them', async () => {
    await worker();
    const gpu = await worker({ pools: { serves: ['gpu'] } });
    const log = effectLog('killed');
    const held = { uses: 'effect.append', pool: 'gpu', with: { log: log.file, id: { $cel: '"item-" + string(item)' }, holdMs: 1_500 } };
    const { runId, result } = await start(await plan({ many: { ...held, forEach: { in: [1, 2, 3, 4], maxParallel: 2 } } }));
    void result;
    await eventually('attempts are on', () => log.lines('begin').length === 2);
    await client.kill(runId);
    await eventually('it is gone', async () => (await active(runId)) === undefined);
    const left = "select id, status from sys_invocation where target_service_name = 'Pool-gpu' and status <> 'completed'";
    await eventually('its attempts are gone from the engine', async () => (await node.query(left)).length === 0);
    await eventually('and from the worker', () => gpu.attempts === 0);
    expect(
      log
        .lines('begin')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['item-1', 'item-2']);
    const { result: next } = await start(await plan({ a: { uses: 'echo', pool: 'gpu', with: { value: 7 } } }));
    expect(await next()).toMatchObject({ status: 'succeeded' });
  });

  it('do not begin what was cancelled while nobody was there', async () => {
    await worker();
    const [port] = await freePorts(1);
    const there = { engine: engine({ port: port as number }), pools: { serves: ['gpu'] } };
    await (await worker(there)).drain();
    const log = effectLog('late');
    const { runId, result } = await start(await plan({ a: { uses: 'effect.append', pool: 'gpu', with: { log: log.file, id: 'late' } } }));
    await eventually('it waits', async () => (await active(runId))?.problem !== undefined);
    await client.cancel(runId);
    const told =
      "select count(*) as n from sys_journal j join sys_invocation i on j.id = i.id where i.target_service_name = 'Pool-gpu' and j.entry_type like '%Signal%'";
    await eventually('the attempt is told', async () => Number((await node.query(told))[0]?.n) > 0);
    const back = await worker(there);
    expect(await result()).toMatchObject({ status: 'cancelled' });
    await back.drain();
    expect(log.lines()).toEqual([]);
  });
});

const worker = anyWorker;
const effectLog = anyLog;

describe('versions', () => {
  it('runs finish on the code they started with, and new ones start on the new one', async () => {
    const asks = await plan({
      ask: { uses: 'ask', with: { approvers: ['sre'] } },
      after: { uses: 'echo', needs: ['ask'], with: { value: 1 } },
    });
    const old = await worker({ release: '1' });
    const before = await Promise.all(Array.from({ length: Number(process.env.MAESTRO_TEST_UPGRADE_RUNS ?? 20) }, () => start(asks)));
    await eventually(
      'all of them wait',
      async () => (await client.active()).filter(({ pending }) => pending.length > 0).length === before.length,
    );
    const young = await worker({ release: '2' });
    const after = await start(asks);
    await eventually('the new one waits', async () => ((await active(after.runId))?.pending.length ?? 0) > 0);
    const deployments = await openDeployments(engine());
    expect(await deployments.list()).toMatchObject([
      {
        id: young.deployment?.id,
        version: young.version.id,
        about: expect.stringContaining('2, worker'),
        current: ['default'],
        unfinished: 1,
      },
      { id: old.deployment?.id, version: old.version.id, current: [], unfinished: before.length },
    ]);
    await expect(deployments.remove(old.deployment?.id)).rejects.toMatchObject({ code: 'DEPLOYMENT_IN_USE' });
    for (const { runId } of [...before, after]) await client.decide(runId, { role: 'sre', by: 'bob', approved: true });
    for (const run of [...before, after]) expect(await run.result()).toMatchObject({ status: 'succeeded' });
    const finished = ({ events }: { events: RunEvent[] }) =>
      events.filter(({ type }) => type === 'run.finished').map(({ subject }) => subject);
    expect(finished(young)).toEqual([after.runId]);
    expect(new Set(finished(old))).toEqual(new Set(before.map(({ runId }) => runId)));
    expect((await deployments.remove()).map(({ id }) => id)).toEqual([old.deployment?.id]);
    expect((await deployments.list()).map(({ id }) => id)).toEqual([young.deployment?.id]);
  });

  it('an address keeps its version: a changed worker is refused there, replicas of the same are not', async () => {
    await using front = await balancer();
    const at = (release: string) => worker({ engine: engine({ advertisedUrl: front.url }), release });
    const [spare] = await freePorts(1);
    const first = await openWorker({ ...common(), engine: engine({ advertisedUrl: front.url, port: listen(front, spare) }), release: '1' });
    opened.push(first);
    const replica = await at('1');
    expect(replica.deployment).toMatchObject({ id: first.deployment?.id, current: ['default'] });
    await expect(at('2')).rejects.toMatchObject({
      code: 'DEPLOYMENT_CHANGED',
      message: expect.stringMatching(/Restate knows version .* every version needs an address of its own/),
    });
  });

  it('code that changed at an address goes on with nothing, and says so; the right one does', async () => {
    const [port] = await freePorts(1);
    const at = { engine: engine({ port: port as number }) };
    const log = effectLog('changed');
    const first = await worker({ ...at, release: '1' });
    const { runId, result } = await start(
      await plan({
        a: { uses: 'effect.append', with: { log: log.file, id: 'a' } },
        ask: { uses: 'ask', needs: ['a'], with: { approvers: ['sre'] } },
        wake: { uses: 'ask', needs: ['a'], with: { approvers: ['ops'] } },
        b: { uses: 'effect.append', needs: ['ask', 'wake'], with: { log: log.file, id: 'b' } },
      }),
    );
    await eventually('it waits', async () => (await active(runId))?.pending.length === 2);
    await first.drain();
    const other = await worker({ ...at, release: '2', register: false });
    // It may have come to rest before its worker went, and would notice nothing.
    await client.decide(runId, { role: 'ops', by: 'olga', approved: true });
    await eventually('it says so', async () => (await active(runId))?.problem?.code === 'CODE_CHANGED');
    expect((await active(runId))?.problem?.message).toMatch(
      /^this worker is version \w+, and the run began with version \w+ at the same address/,
    );
    await other.drain();
    await worker({ ...at, release: '1' });
    await client.decide(runId, { role: 'sre', by: 'bob', approved: true });
    expect(await result()).toMatchObject({ status: 'succeeded' });
    expect(log.lines('end').map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('a run whose version is gone goes on with another one, where it is told to', async () => {
    const asks = await plan({
      ask: { uses: 'ask', with: { approvers: ['sre'] } },
      after: { uses: 'echo', needs: ['ask'], with: { value: 1 } },
    });
    const [port] = await freePorts(1);
    const old = await worker({ engine: engine({ port: port as number }), release: '1' });
    const runs = await Promise.all([start(asks), start(asks), start(asks)]);
    const [first, second, third] = runs.map(({ runId }) => runId) as [string, string, string];
    const resting =
      "select id from sys_invocation where target_service_name = 'Run' and target_handler_name = 'run' and status = 'suspended'";
    await eventually('they wait', async () => (await node.query(resting)).length === 3);
    await old.drain();
    const young = await worker({ release: '2' });
    for (const runId of [first, second]) {
      await client.decide(runId, { role: 'sre', by: 'bob', approved: true });
      await eventually('it says why it waits', async () => (await active(runId))?.problem?.code === 'WORKER_UNREACHABLE');
    }
    // Also while it is just being tried again it can be told to go on.
    await Promise.all(Array.from({ length: 50 }, () => client.resume(first)));
    expect((await active(first))?.problem?.code).toBe('WORKER_UNREACHABLE');
    await expect(client.resume(first, { deployment: 'dp_none' })).rejects.toMatchObject({
      code: 'DEPLOYMENT_UNSUITABLE',
      message: expect.stringContaining(String(young.deployment?.id)),
    });
    await client.resume(first, { deployment: String(young.deployment?.id) });
    await client.resume(second, { deployment: 'latest' });
    // Nothing was to be done of this one while nobody was there.
    await client.resume(third, { deployment: 'latest' });
    await client.decide(third, { role: 'sre', by: 'bob', approved: true });
    for (const run of runs) expect(await run.result()).toMatchObject({ status: 'succeeded' });
    const finished = young.events.filter(({ type }) => type === 'run.finished').map(({ subject }) => subject);
    expect(finished.sort()).toEqual([first, second, third].sort());
  });

  it('can be gone back to', async () => {
    const old = await worker({ release: '1' });
    const young = await worker({ release: '2' });
    const deployments = await openDeployments(engine());
    expect((await deployments.use(old.deployment?.id ?? '')).current).toEqual(['default']);
    const { result } = await start(await plan({ a: { uses: 'echo', with: { value: 1 } } }));
    await result();
    expect([old, young].map(({ events }) => events.length > 0)).toEqual([true, false]);
  });
});

describe('draining', () => {
  it('lets attempts finish, hands the rest to another worker, and is not ready meanwhile', async () => {
    await using front = await balancer();
    const [health] = await freePorts(1);
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${health}${path}`)).status;
    const one = await openWorker({
      ...common(),
      engine: engine({ advertisedUrl: front.url, port: listen(front, (await freePorts(1))[0]) }),
      drainMs: 5_000,
      healthPort: health as number,
    });
    opened.push(one);
    expect(await Promise.all(['/healthz', '/readyz', '/'].map(ask))).toEqual([200, 200, 404]);
    const log = effectLog('drain');
    const run = await start(
      await plan({
        short: { uses: 'effect.append', with: { log: log.file, id: 'short', holdMs: 700 } },
        next: { uses: 'effect.append', needs: ['short'], with: { log: log.file, id: 'next' } },
      }),
    );
    await eventually('it is on', () => log.lines('begin').length === 1);
    const two = await worker({ engine: engine({ advertisedUrl: front.url }) });
    front.ports = [two.port];
    const drained = one.drain();
    expect(await Promise.all(['/healthz', '/readyz'].map(ask))).toEqual([200, 503]);
    await drained;
    expect(await run.result()).toMatchObject({ status: 'succeeded' });
    expect(log.lines().map(({ id, phase }) => `${id} ${phase}`)).toEqual(['short begin', 'short end', 'next begin', 'next end']);
    expect(two.events.some(({ type }) => type === 'run.finished')).toBe(true);
  });

  it('aborts what takes too long, which another worker does again with the same key', async () => {
    await using front = await balancer();
    const one = await openWorker({
      ...common(),
      engine: engine({ advertisedUrl: front.url, port: listen(front, (await freePorts(1))[0]) }),
      drainMs: 100,
    });
    opened.push(one);
    const log = effectLog('again');
    const run = await start(await plan({ long: { uses: 'effect.append', with: { log: log.file, id: 'long', holdMs: 600 } } }));
    await eventually('it is on', () => log.lines('begin').length === 1);
    const two = await worker({ engine: engine({ advertisedUrl: front.url }) });
    front.ports = [two.port];
    await one.drain();
    expect(await run.result()).toMatchObject({ status: 'succeeded' });
    expect(log.lines().map(({ phase, key }) => [phase, key])).toEqual(
      ['begin', 'begin', 'end'].map((phase) => [phase, `${run.runId}/long`]),
    );
  });
});

describe('limits', () => {
  it('so many attempts at once, the others in turn', async () => {
    await worker({ limits: { tasksAtOnce: 2 } });
    const log = effectLog('slots');
    const made = await plan({
      all: {
        uses: 'effect.append',
        forEach: { in: [1, 2, 3, 4, 5, 6], maxParallel: 6 },
        with: { log: log.file, id: 'x', holdMs: 50 },
      },
    });
    expect(await (await start(made)).result()).toMatchObject({ status: 'succeeded' });
    let [now, most] = [0, 0];
    for (const { phase } of log.lines()) {
      now += phase === 'begin' ? 1 : -1;
      most = Math.max(most, now);
    }
    expect([most, log.lines('end').length]).toEqual([2, 6]);
  });

  it('no more runs than may wait; one that is there already is none more', async () => {
    await worker();
    const strict = await openRunner({ ...common(), engine: engine(), limits: { queuedRuns: 2 } });
    const asks = await plan({ ask: { uses: 'ask', with: { approvers: ['sre'] } } });
    const begin = (runId: string) => strict.start({ plan: asks, inputs: {}, initiator: alice, runId });
    const runs = [await begin('full-1'), await begin('full-2')];
    await expect(begin('full-3')).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      retryable: true,
      message: expect.stringContaining('limits.queuedRuns is 2'),
    });
    await begin('full-2');
    for (const { runId, result } of runs) {
      await eventually('it waits', async () => ((await active(runId))?.pending.length ?? 0) > 0);
      await client.decide(runId, { role: 'sre', by: 'bob', approved: true });
      await result();
    }
    await eventually('there is room again', () => begin('full-3').then(Boolean, () => false));
    await client.kill('full-3');
    await strict.close();
  });
});

it('in this process only, no more runs are accepted than may wait', async () => {
  const alone = await openRunner({ ...common(), engine: { kind: 'in-process' }, limits: { queuedRuns: 1 } });
  const waits = await plan({ a: { uses: 'wait', with: { ms: 60_000 } } });
  const { runId } = await alone.start({ plan: waits, inputs: {}, initiator: alice });
  await expect(alone.start({ plan: waits, inputs: {}, initiator: alice })).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  await alone.cancel(runId);
  await alone.close();
});

describe('what is wrong is said', () => {
  const key = 'publickeyv1_2G8dCQhArfvGpzPw5Vx2ALciR4xCLHfS5YaT93XjNxX9';
  it.each([
    ['no keys on an address that others reach', { host: '0.0.0.0' }, {}, 'IDENTITY_KEYS_MISSING', /--allow-unsigned/],
    ['no key', { identityKeys: ['secret'] }, {}, 'IDENTITY_KEYS_INVALID', /starts with publickeyv1_/],
    ['keys of another Restate', { identityKeys: [key] }, {}, 'IDENTITY_REFUSED', /not signed with one of engine.identityKeys/],
    ['no address to tell Restate', { host: '0.0.0.0', identityKeys: [key] }, {}, 'ADVERTISED_URL_MISSING', /--advertised-url/],
    [
      'an address that Restate does not reach',
      { advertisedUrl: 'http://127.0.0.1:1/' },
      {},
      'WORKER_UNREACHABLE',
      /cannot reach this worker at http:\/\/127.0.0.1:1\//,
    ],
    ['a name that is none', { advertisedUrl: 'http://nowhere.invalid:9080/' }, {}, 'WORKER_UNREACHABLE', /Check the advertised URL/],
    ['nobody at the admin address', { adminUrl: 'http://127.0.0.1:1' }, {}, 'ENGINE_UNREACHABLE', /127\.0\.0\.1:1/],
    ['a pool that is no name', {}, { pools: { serves: ['GPU'] } }, 'POOL_INVALID', /"GPU"/],
  ] as const)('%s', async (_, own, more, code, message) => {
    await expect(worker({ waitMs: 300, engine: engine(own as object), ...(more as object) })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('a port that is taken, of either kind', async () => {
    const there = await worker();
    await expect(worker({ engine: engine({ port: there.port }) })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    await expect(worker({ healthPort: there.port })).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
  });

  it('unsigned requests are executed where somebody says so', async () => {
    await using front = await balancer();
    const port = listen(front, (await freePorts(1))[0]);
    const made = await worker({ engine: engine({ host: '0.0.0.0', allowUnsigned: true, advertisedUrl: front.url, port }) });
    expect(made.deployment?.current).toEqual(['default']);
  });
});

/** A port for the first worker behind `front`, which Restate asks before any other is there. */
function listen(front: { ports: number[] }, port: number | undefined): number {
  front.ports.push(port as number);
  return port as number;
}
