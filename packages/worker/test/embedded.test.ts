import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunner, openWorker, type Runner } from '@summit/maestro-worker';
import { alive, EmbeddedServer, identify, serverBinary } from '@summit/maestro-worker/embedded';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alice, eventually, FIXTURES, plan } from './harness.ts';

let folder: string;
const open: Runner[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maestro-embedded-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((runner) => runner.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function runner(dir = join(folder, '.maestro')): Promise<Runner> {
  const opened = await openRunner({
    engine: { kind: 'embedded', dir },
    packages: [FIXTURES],
    from: import.meta.dirname,
    workspace: folder,
    artifactsDir: join(folder, 'artifacts'),
    drainMs: 200,
  });
  open.push(opened);
  return opened;
}

async function echo(on: Runner): Promise<string> {
  const handle = await on.start({ plan: await plan({ a: { uses: 'echo', with: { value: 1 } } }), inputs: {}, initiator: alice });
  return (await handle.result()).status;
}

const record = (dir = join(folder, '.maestro')) => join(dir, 'restate', 'server.json');
const serverProcess = (dir?: string) => JSON.parse(readFileSync(record(dir), 'utf8')) as { pid: number; started: string };

describe('the embedded engine', () => {
  it('leaves no process behind when it is closed, and goes on with its data when it is opened again', async () => {
    const first = await runner();
    const handle = await first.start({ plan: await plan({ a: { uses: 'wait', with: { ms: 1_500 } } }), inputs: {}, initiator: alice });
    const server = serverProcess();
    expect(alive(server)).toBe(true);
    await first.close();
    expect(alive(server)).toBe(false);
    expect(existsSync(record())).toBe(false);
    const second = await runner();
    expect((await (await second.attach(handle.runId)).result()).status).toBe('succeeded');
  });

  it('has one host in a folder, and another process takes over when the host leaves', async () => {
    const host = await runner();
    const guest = await runner();
    expect(await echo(guest)).toBe('succeeded');
    const handle = await guest.start({
      plan: await plan({ a: { uses: 'wait', with: { ms: 300, times: 5 } } }),
      inputs: {},
      initiator: alice,
    });
    await host.close();
    expect((await handle.result()).status).toBe('succeeded');
    expect(await echo(guest)).toBe('succeeded');
  });

  it('adopts a server that was left running, and starts one where the record is of something else', async () => {
    const dir = join(folder, '.maestro', 'restate');
    const left = await EmbeddedServer.open({ folder: dir });
    const first = await runner();
    expect(serverProcess().pid).toBe(left.process.pid);
    expect(await echo(first)).toBe('succeeded');
    await first.close();
    expect(left.running).toBe(false);

    for (const stale of [
      '{"pid":',
      JSON.stringify({ pid: process.pid, started: 'long ago' }),
      JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }),
    ]) {
      writeFileSync(join(dir, 'server.json'), stale);
      const again = await runner();
      expect(await echo(again)).toBe('succeeded');
      await again.close();
    }
  });

  it('finds a server whose record was lost with the process that had started it', async () => {
    const dir = join(folder, '.maestro', 'restate');
    const left = await EmbeddedServer.open({ folder: dir });
    rmSync(join(dir, 'server.json'));
    expect(await echo(await runner())).toBe('succeeded');
    expect(serverProcess().pid).toBe(left.process.pid);
  });

  it('finds a server whose record is still of the one before, which was killed', async () => {
    const dir = join(folder, '.maestro', 'restate');
    const left = await EmbeddedServer.open({ folder: dir });
    writeFileSync(record(), JSON.stringify({ pid: left.process.pid, started: 'earlier' }));
    expect(await echo(await runner())).toBe('succeeded');
    expect(serverProcess()).toEqual(left.process);
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const deep = join(folder, ...Array.from({ length: 8 }, (_, i) => `a-folder-with-a-rather-long-name-${i}`), '.maestro');
    mkdirSync(deep, { recursive: true });
    expect(await echo(await runner(deep))).toBe('succeeded');
  });

  it('starts its server again when that is killed', async () => {
    const host = await runner();
    const handle = await host.start({
      plan: await plan({ a: { uses: 'wait', with: { ms: 200, times: 4 } } }),
      inputs: {},
      initiator: alice,
    });
    process.kill(serverProcess().pid, 'SIGKILL');
    expect((await handle.result()).status).toBe('succeeded');
  });

  it('keeps its keys and data to their owner, and its server off the network', async () => {
    await runner();
    expect(identify(serverProcess().pid)).toBeDefined();
    const { statSync } = await import('node:fs');
    expect(statSync(join(folder, '.maestro', 'restate')).mode & 0o077).toBe(0);
    expect(statSync(join(folder, '.maestro', 'restate', 'identity.pem')).mode & 0o077).toBe(0);
    expect(readFileSync(join(folder, '.maestro', '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('executes nothing for a request that its server has not signed', async () => {
    const host = await runner();
    const url = await workerUrl(host);
    const status = await new Promise<number>((resolve, reject) => {
      const session = connect(url);
      session.on('error', reject);
      const request = session.request({
        ':method': 'POST',
        ':path': '/invoke/Run/run',
        'content-type': 'application/vnd.restate.invocation.v5',
      });
      request.on('response', (headers) => {
        resolve(Number(headers[':status']));
        session.close();
      });
      request.on('error', reject);
      request.end('{}');
    });
    expect(status).toBe(401);
  });

  it('says what to do when its folder cannot be used', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(runner(join(folder, 'file', '.maestro'))).rejects.toMatchObject({
      code: 'STATE_FOLDER_UNUSABLE',
      message: expect.stringContaining('ENOTDIR'),
    });
  });

  it('says what to do where there is no server binary', () => {
    const missing = (platform: string, arch: string) => {
      try {
        return serverBinary(platform, arch);
      } catch (error) {
        return error;
      }
    };
    expect(missing('win32', 'x64')).toMatchObject({
      code: 'RESTATE_BINARY_MISSING',
      message: expect.stringMatching(/no server for Windows.*--ephemeral/),
    });
    expect(missing('linux', 'mips')).toMatchObject({
      code: 'RESTATE_BINARY_MISSING',
      message: expect.stringMatching(/restate-server-linux-mips is not installed.*--omit=optional/),
    });
  });

  it('says why its server did not start', async () => {
    await expect(EmbeddedServer.open({ folder: join(folder, 'r'), settings: { RESTATE_LOG_FORMAT: 'nonsense' } })).rejects.toMatchObject({
      code: 'RESTATE_START_FAILED',
      message: expect.stringMatching(/ended while starting; the end of .*server\.log:\n.*nonsense/s),
    });
    expect(existsSync(join(folder, 'r', 'server.json'))).toBe(false);
  });

  it('says which port it cannot have', async () => {
    const host = await runner();
    const { port } = new URL(await workerUrl(host));
    await expect(
      openWorker({
        engine: { kind: 'remote', ingressUrl: 'http://127.0.0.1:1', adminUrl: 'http://127.0.0.1:1', port: Number(port) },
        packages: [FIXTURES],
        from: import.meta.dirname,
        workspace: folder,
        artifactsDir: join(folder, 'artifacts'),
      }),
    ).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE', message: expect.stringContaining(`port ${port}`) });
  });
});

/** Where the worker of this folder listens, as its server knows it. */
async function workerUrl(host: Runner): Promise<string> {
  const { request } = await import('node:http');
  await eventually('the worker is registered', async () => (await echo(host)) === 'succeeded');
  const body = await new Promise<string>((resolve, reject) => {
    const sent = request(
      { socketPath: join(folder, '.maestro', 'restate', 'maestro', 'admin.sock'), path: '/deployments', host: 'localhost' },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
  const { deployments } = JSON.parse(body) as { deployments: { uri: string }[] };
  return deployments[0]?.uri ?? '';
}
