import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient, openRunner, openWorker, type RunClient, type Runner, type RunProblem } from '@summit/maestro-worker';
import { EmbeddedServer, embeddedClient } from '@summit/maestro-worker/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alice, eventually, FIXTURES, plan } from './harness.ts';

let folder: string;
const open: { close(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maestro-control-'));
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

const engine = () => ({ kind: 'embedded' as const, dir: join(folder, '.maestro') });
const log = () => join(folder, 'effects.ndjson');

async function worker(): Promise<Runner> {
  const options = { packages: [FIXTURES], from: import.meta.dirname, workspace: folder, artifactsDir: join(folder, 'artifacts') };
  const runner = await openRunner({ ...options, engine: engine(), drainMs: 200 });
  open.push(runner);
  return runner;
}

async function client(purpose: 'runs' | 'decisions' = 'runs'): Promise<RunClient> {
  const opened = await openClient({ engine: engine(), packages: [FIXTURES], from: import.meta.dirname, purpose });
  open.push(opened);
  return opened;
}

async function closed(what: { close(): Promise<void> }): Promise<void> {
  open.splice(open.indexOf(what), 1);
  await what.close();
}

const asked = () =>
  plan(
    { first: { uses: 'effect.append', with: { log: log(), id: 'first' } } },
    { approvals: { required: true, approvers: ['lead'], quorum: 'all', allowSelfApproval: false } },
  );
const long = () => plan({ wait: { uses: 'wait', with: { ms: 600_000 } } });
const start = async (on: Pick<Runner, 'start'>, runId: string, what: Awaited<ReturnType<typeof plan>>) =>
  on.start({ plan: what, inputs: {}, initiator: alice, runId });

describe('a client of the embedded engine', () => {
  it('does what it is asked beside a worker, and says so of runs that have ended', async () => {
    const runner = await worker();
    const beside = await client('decisions');
    expect(beside.served).toBe(true);
    const one = await start(beside, 'one', await asked());
    await eventually('it asks', async () => (await beside.find('one'))?.state === 'waiting');
    await beside.decide('one', { role: 'lead', by: 'lea', approved: true });
    expect(await one.result()).toMatchObject({ status: 'succeeded' });
    const two = await start(runner, 'two', await long());
    await eventually('it is on', async () => (await beside.find('two'))?.state === 'running');
    await beside.cancel('two');
    expect(await two.result()).toMatchObject({ status: 'cancelled' });
    await expect(beside.cancel('one')).rejects.toMatchObject({ code: 'RUN_ENDED', message: 'run one has ended: it succeeded' });
    await expect(beside.pause('two')).rejects.toMatchObject({ code: 'RUN_ENDED', details: { status: 'cancelled' } });
    await expect(beside.resume('three')).rejects.toMatchObject({ code: 'RUN_UNKNOWN' });
    await expect(beside.kill("x' or 1=1")).rejects.toMatchObject({ code: 'RUN_ID_INVALID' });
    expect(await beside.active()).toEqual([]);
    await expect(runner.cancel('two')).rejects.toMatchObject({ code: 'RUN_ENDED' });
  });

  it('starts runs and takes decisions where no worker is up, and executes nothing', async () => {
    const first = await client('decisions');
    expect(first.served).toBe(false);
    await start(first, 'one', await asked());
    await expect(start(first, 'two', { ...(await asked()), allowRoles: ['admin'] })).rejects.toMatchObject({ code: 'ROLE_REQUIRED' });
    await closed(first);

    const runner = await worker();
    await eventually('it asks', async () => (await runner.find('one'))?.state === 'waiting');
    await closed(runner);

    const second = await client('decisions');
    await expect(second.decide('one', { role: 'lead', by: 'alice', approved: true })).rejects.toMatchObject({ code: 'DECISION_REFUSED' });
    await second.decide('one', { role: 'lead', by: 'lea', approved: true });
    await closed(second);

    const result = await (await (await worker()).attach('one')).result();
    expect(result).toMatchObject({ status: 'succeeded', approvals: [{ by: 'lea', role: 'lead' }] });
  });

  it('cancels and lists where no worker is up; it is carried out when there is one', async () => {
    const runner = await worker();
    await start(runner, 'one', await long());
    await eventually('it waits', async () => (await runner.find('one')) !== undefined);
    await closed(runner);
    const alone = await client();
    expect(await alone.active()).toMatchObject([{ runId: 'one' }]);
    await alone.cancel('one');
    await closed(alone);
    expect(await (await (await worker()).attach('one')).result()).toMatchObject({ status: 'cancelled', error: { code: 'RUN_CANCELLED' } });
  });

  it('pauses a run, which stays so over a restart of the worker, and resumes it', async () => {
    const runner = await worker();
    const { result } = await start(runner, 'one', await plan({ a: { uses: 'wait', with: { ms: 300, times: 3 } } }));
    const beside = await client();
    await expect(beside.resume('one')).rejects.toMatchObject({ code: 'RUN_NOT_STUCK' });
    await beside.pause('one');
    await eventually('it is paused', async () => (await beside.find('one'))?.state === 'paused');
    await beside.pause('one');
    await closed(beside);
    await closed(runner);
    void result;
    const again = await worker();
    const [paused] = await again.active();
    expect(paused).toEqual({ runId: 'one', state: 'paused', pending: [] });
    await expect(again.resume('one', { deployment: 'dp_none' })).rejects.toMatchObject({
      code: 'DEPLOYMENT_UNSUITABLE',
      message: expect.stringMatching(/"dp_none".*there are: dp_\w+ \(http/),
    });
    await again.resume('one', { deployment: 'latest' });
    expect(await (await again.attach('one')).result()).toMatchObject({ status: 'succeeded' });
  });

  it('pauses a run that is at rest, whether somebody serves it or not: a decision does not have it go on', async () => {
    const runner = await worker();
    const rests = (runId: string) =>
      eventually('it is at rest', async () => {
        const server = embeddedClient(join(folder, '.maestro', 'restate'));
        const [row] = await server.query(
          `select status from sys_invocation where target_service_key = '${runId}' and target_handler_name = 'run'`,
        );
        return row?.status === 'suspended';
      });
    for (const runId of ['one', 'two']) await start(runner, runId, await asked());
    for (const runId of ['one', 'two']) await rests(runId);
    await runner.pause('one');
    await eventually('it is paused', async () => (await runner.find('one'))?.state === 'paused');
    await closed(runner);
    const beside = await client();
    await beside.pause('two');
    expect((await beside.find('two'))?.state).toBe('paused');
    await closed(beside);
    const desk = await client('decisions');
    for (const runId of ['one', 'two']) await desk.decide(runId, { role: 'lead', by: 'lea', approved: true });
    await closed(desk);
    const again = await worker();
    for (const runId of ['one', 'two']) expect((await again.find(runId))?.state, runId).toBe('paused');
    for (const runId of ['one', 'two']) {
      await again.resume(runId);
      expect(await (await again.attach(runId)).result()).toMatchObject({ status: 'succeeded' });
    }
  });

  it('cancels a run that is paused, and kills one', async () => {
    const runner = await worker();
    for (const runId of ['one', 'two']) await start(runner, runId, await long());
    for (const runId of ['one', 'two']) {
      await runner.pause(runId);
      await eventually('it is paused', async () => (await runner.find(runId))?.state === 'paused');
    }
    await runner.cancel('one');
    expect(await (await runner.attach('one')).result()).toMatchObject({ status: 'cancelled' });
    await runner.kill('two');
    await eventually('it is gone', async () => (await runner.find('two')) === undefined);
    await expect(runner.cancel('two')).rejects.toMatchObject({ code: 'RUN_ENDED' });
  });

  it('sets a run aside whose code has changed, and says so; with the code that it began with it goes on', async () => {
    const file = join(folder, 'rewritten');
    const runner = await worker();
    await start(runner, 'one', await plan({ a: { uses: 'rewritten', with: { file, ms: 600 } } }));
    await eventually('it waits', async () => (await runner.find('one'))?.state === 'running');
    await closed(runner);
    writeFileSync(file, '');
    const changed = await worker();
    await eventually('it is stuck', async () => (await changed.find('one'))?.state === 'stuck');
    expect((await changed.find('one'))?.problem).toMatchObject({
      code: 'CODE_CHANGED',
      message: expect.stringMatching(
        /^the worker's code does not take the steps that the run has recorded; it began with another version:\n/,
      ),
      at: expect.stringMatching(/^\d{4}-/),
    });
    await closed(changed);
    const still = await worker();
    await eventually('it is stuck again', async () => (await still.find('one'))?.state === 'stuck');
    rmSync(file);
    await still.resume('one');
    expect(await (await still.attach('one')).result()).toMatchObject({ status: 'succeeded' });
  });

  it('says of a run that no worker answers for why it does not go on', async () => {
    const runner = await worker();
    await start(runner, 'one', await plan({ a: { uses: 'wait', with: { ms: 400, times: 3 } } }));
    await eventually('it waits', async () => (await runner.find('one'))?.state === 'running');
    await closed(runner);
    // Somebody's server goes on without its worker.
    const server = await EmbeddedServer.open({ folder: join(folder, '.maestro', 'restate') });
    open.push({ close: () => server.stop() });
    let problem: RunProblem | undefined;
    await eventually('it is retried', async () => {
      const [run] = await server.client.runs.active('one');
      if (run?.state === 'retrying') problem = run.problem;
      return problem !== undefined;
    });
    expect(problem).toMatchObject({
      code: 'WORKER_UNREACHABLE',
      message: expect.stringMatching(/^no worker answers at http:\/\/127\.0\.0\.1:\d+\/: Connection refused/),
    });
    await server.stop();
    expect(await (await (await worker()).attach('one')).result()).toMatchObject({ status: 'succeeded' });
  });
});

it('a client of a remote engine that does not answer says so', async () => {
  const engine = { kind: 'remote' as const, ingressUrl: 'http://127.0.0.1:9', adminUrl: 'http://127.0.0.1:9' };
  await expect(openClient({ engine, packages: [], from: folder, purpose: 'runs' })).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    message: expect.stringContaining('no Restate server answers at http://127.0.0.1:9'),
  });
}, 20_000);

describe('with a Restate server of somebody else', () => {
  it('a client does all it is asked, and registers nothing', async () => {
    const [ingress, admin] = await Promise.all([freePort(), freePort()]);
    const server = await EmbeddedServer.open({
      folder: join(folder, 'theirs'),
      settings: {
        RESTATE_LISTEN_MODE: 'all',
        RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
        RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
        RESTATE_BIND_ADDRESS: `127.0.0.1:${await freePort()}`,
      },
    });
    open.push({ close: () => server.stop() });
    const remote = {
      kind: 'remote' as const,
      ingressUrl: `http://127.0.0.1:${ingress}`,
      adminUrl: `http://127.0.0.1:${admin}`,
      identityKeys: [server.publicKey],
    };
    const more = { engine: remote, packages: [FIXTURES], from: import.meta.dirname };
    const deployments = () => server.client.query('select id, endpoint from sys_deployment');
    const early = await openClient({ ...more, purpose: 'decisions' });
    open.push(early);
    expect(early.served).toBe(false);
    await expect(start(early, 'zero', await asked())).rejects.toMatchObject({ code: 'WORKER_MISSING' });
    expect(await deployments()).toEqual([]);

    const port = await freePort();
    const worker = await openWorker({
      ...more,
      engine: { ...remote, port },
      workspace: folder,
      artifactsDir: join(folder, 'artifacts'),
      drainMs: 200,
    });
    open.push({ close: () => worker.drain() });
    const registered = await deployments();
    expect(registered).toHaveLength(1);
    const theirs = await openClient({ ...more, purpose: 'decisions' });
    open.push(theirs);
    expect(theirs.served).toBe(true);
    const one = await start(theirs, 'one', await asked());
    await eventually('it asks', async () => (await theirs.find('one'))?.state === 'waiting');
    await theirs.decide('one', { role: 'lead', by: 'lea', approved: true });
    expect((await one.result()).status).toBe('succeeded');
    const two = await start(theirs, 'two', await long());
    await theirs.cancel('two');
    expect((await two.result()).status).toBe('cancelled');
    await theirs.close();
    expect(await deployments()).toEqual(registered);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
