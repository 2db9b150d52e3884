import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolder } from '../src/cache.ts';
import { type Nats, nats, natsService } from '../src/nats.ts';
import { freePorts } from '../src/ports.ts';
import { postgres } from '../src/postgres.ts';
import { processId, runs } from '../src/process-id.ts';
import { readRecord, type ServiceRecord, writeRecord } from '../src/record.ts';
import { s3 } from '../src/s3.ts';
import { ensure, type Service, type Start, stop, stopUnused } from '../src/service.ts';
import { registerUser } from '../src/users.ts';

/** Shown with NATS, which starts fastest, in a cache of its own that shares only the built programs with that of the user. */

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const ID = `nats-r${natsService.revision}`;

let cache: string;
const environment = { ...process.env };

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('MAESTRO_TEST_')) delete process.env[name];
  const programs = cacheFolder('bin');
  cache = mkdtempSync(join(tmpdir(), 'maestro-services-'));
  mkdirSync(join(cache, 'maestro-services'));
  symlinkSync(programs, join(cache, 'maestro-services/bin'));
  process.env.XDG_CACHE_HOME = cache;
});

afterEach(async () => {
  await stop();
  process.env = { ...environment };
  rmSync(cache, { recursive: true });
});

const record = () => readRecord(ID) as ServiceRecord;

async function cli(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...args]);
  return stdout;
}

/** A service of one server, a shell script. */
function scripted(script: string, ready: () => Promise<unknown>) {
  return {
    name: 'scripted',
    revision: 1,
    fromEnvironment: () => undefined,
    prepare: async () => {},
    start: async ({ launch }: Start) => {
      await launch({ name: 'script', command: 'sh', args: ['-c', script], ready, readyWithinMs: 500 });
      return { here: true };
    },
    container: { ready, facts: () => ({ here: true }) },
  };
}

test('what runs is found again, by this process and others', async () => {
  const first = await nats();
  expect(await nats()).toEqual(first);
  expect(JSON.parse(await cli('env', 'nats'))).toEqual({ nats: first });
});

test('processes that start it at the same time get the same one', async () => {
  const answers = await Promise.all([cli('env', 'nats'), cli('env', 'nats'), cli('env', 'nats')]);
  const [first, ...others] = answers.map((text) => (JSON.parse(text) as { nats: Nats }).nats.url);
  expect(others).toEqual([first, first]);
});

test('a server that was killed is replaced, and those beside it with it', async () => {
  await nats();
  const [killed, ...beside] = record().processes;
  process.kill(killed?.pid as number, 'SIGKILL');
  await expect.poll(() => killed && runs(killed)).toBe(false);
  await nats();
  expect(beside.some(runs)).toBe(false);
  expect(record().processes.every(runs)).toBe(true);
});

test('a number that another process has by now is not taken for the server, nor ended', async () => {
  const stranger = spawn('sleep', ['60']);
  const pid = stranger.pid as number;
  writeRecord(ID, { processes: [{ pid, began: 'at another time' }], folders: [], kept: false, facts: { url: 'nats://127.0.0.1:1' } });
  expect((await nats()).url).not.toBe('nats://127.0.0.1:1');
  expect(processId(pid)).toBeDefined();
  stranger.kill();
});

test('servers that an interrupted start left are ended by the next', async () => {
  const left = spawn('sleep', ['60'], { detached: true });
  writeRecord(ID, { processes: [processId(left.pid as number) as never], folders: [], kept: false });
  await Promise.all([once(left, 'exit'), nats()]);
});

test('stop ends the servers and removes their data, folders elsewhere too', async () => {
  await nats();
  const elsewhere = mkdtempSync(join(tmpdir(), 'maestro-elsewhere-'));
  writeRecord(ID, { ...record(), folders: [elsewhere] });
  const { processes } = record();
  expect(await stop(['nats'])).toEqual([ID]);
  expect(processes.some(runs)).toBe(false);
  expect([existsSync(elsewhere), existsSync(join(cacheFolder('services'), ID))]).toEqual([false, false]);
  expect(await stop(['nats'])).toEqual([]);
});

test('the end of a test run stops what it started, not what another still uses or what was started by hand', async () => {
  const other = spawn('setsid', ['--fork', 'sh', '-c', 'echo $$; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(other.stdout, 'data');
  const pid = Number(`${line}`);
  await expect.poll(() => readFileSync(`/proc/${pid}/status`, 'utf8')).not.toMatch(`PPid:\t${process.pid}\n`);
  registerUser(pid);
  await nats();
  const { processes } = record();
  await stopUnused();
  expect(processes.every(runs)).toBe(true);
  process.kill(pid);
  await expect.poll(() => processId(pid)).toBeUndefined();

  expect(await cli('start', 'nats')).toBe('nats: runs\n');
  await stopUnused();
  expect(processes.every(runs)).toBe(true);

  writeRecord(ID, { ...record(), kept: false });
  await stopUnused();
  expect(processes.some(runs)).toBe(false);
});

test('a start that fails shows the end of the log and leaves nothing running', async () => {
  const refuses = async () => {
    throw new Error('nobody listens');
  };
  await expect(ensure(scripted('echo port taken; exit 3', refuses))).rejects.toThrow(/script \(sh\) ended with 3;[^\n]*:\nport taken$/);
  await expect(ensure(scripted('echo hanging; exec sleep 60', refuses))).rejects.toThrow(/did not answer within 0.5 s;[^\n]*:\nhanging$/);
  expect(readRecord('scripted-r1')?.processes.some(runs)).toBe(false);
});

test('where its program cannot be had, it comes from a container', async () => {
  const bin = mkdtempSync(join(cache, 'bin-'));
  const log = join(cache, 'docker.log');
  // The image is not asked for here, only that Docker is asked for it: the port is that of a server of this process.
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\necho "$PORT $*" >> ${log}\n`, { mode: 0o755 });
  process.env.PATH = `${bin}:${process.env.PATH}`;
  const asked: number[] = [];
  const service: Service<{ port: number }> = {
    name: 'scripted',
    revision: 1,
    fromEnvironment: () => undefined,
    prepare: () => Promise.reject(new Error('no compiler')),
    start: () => Promise.reject(new Error('it was not prepared')),
    container: { ready: async (port) => asked.push(port), facts: (port) => ({ port }) },
  };
  const { port } = await ensure(service);
  expect(asked).toEqual([port]);
  expect(await stop(['scripted'])).toEqual(['scripted-r1']);
  const commands = readFileSync(log, 'utf8').replaceAll(/--file \S+ /g, '');
  expect(commands).toBe(` compose version\n info\n${port} compose up --detach scripted\n0 compose rm --stop --force --volumes scripted\n`);
});

test('what the environment names is used instead, and what it does not say is asked for in vain', async () => {
  process.env.MAESTRO_TEST_NATS_URL = 'nats://nats.example:4222';
  process.env.MAESTRO_TEST_POSTGRES_URL = 'postgresql://someone:word%21@db.example/tests';
  process.env.MAESTRO_TEST_S3_ENDPOINT = 'https://s3.example';
  const given = await nats();
  expect(given).toEqual({ url: 'nats://nats.example:4222' });
  expect(() => given.tls).toThrow('MAESTRO_TEST_NATS_URL names a server of which "tls" is not known');
  expect(await postgres()).toMatchObject({ host: 'db.example', port: 5432, user: 'someone', password: 'word!', database: 'tests' });
  expect(await s3()).toMatchObject({ endpoint: 'https://s3.example', region: 'eu-central-1' });
  expect(readRecord(ID)).toBeUndefined();
});

test('gives out ports on which nothing listens, each once', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
});

test('says what there is when asked for something else', async () => {
  await expect(cli('start', 'mysql')).rejects.toThrow('there is no service "mysql"');
  await expect(cli('restart')).rejects.toThrow('there is no command "restart"');
  expect(await cli('stop')).toBe('none of them runs\n');
});
