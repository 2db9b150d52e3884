import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openHistory, type RunResult } from '@summit/maestro-worker';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { effectsOf, everything, ORDER, UNDONE } from './crash-plan.ts';
import { eventually } from './harness.ts';

/** How often something is killed; the long mode takes 200 and more. */
const MOMENTS = Number(process.env.MAESTRO_CRASH_MOMENTS ?? 100);
/** Folders at the same time, each with its own server and workers. */
const GROUPS = 2;
/** Runs at the same time in each. */
const AT_ONCE = 4;
/** After the first effect since, the next moment is within this time, in milliseconds. */
const WITHIN_MS = 300;
const SEED = Number(process.env.MAESTRO_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** In all groups but the first runs come to rest wherever they wait, in milliseconds. */
const REST_MS = 10;

const VICTIMS = ['worker', 'server', 'both'] as const;

/** Two workers of a folder, of which one is the host, and what is started through them. */
class Group {
  readonly folder = mkdtempSync(join(tmpdir(), 'maestro-crash-'));
  readonly results = new Map<string, RunResult>();
  readonly kills: Record<(typeof VICTIMS)[number], number> = { worker: 0, server: 0, both: 0 };
  readonly failures: string[] = [];
  readonly #random: () => number;
  readonly #workers = new Set<ChildProcess>();
  readonly #open = new Map<string, Parameters<ChildProcess['send']>[0]>();
  /** Who executes, as the last event told. */
  #host: ChildProcess | undefined;
  readonly #logs: string[] = [];
  readonly #last = new Map<string, string>();
  #started = 0;
  #closing = false;

  readonly #arguments: string[];

  /** `rest`: after how many milliseconds a run that waits comes to rest, where that is not the usual. */
  constructor(seed: number, rest?: number) {
    this.#random = mulberry32(seed);
    this.#arguments = [this.folder, ...(rest === undefined ? [] : [String(rest)])];
  }

  log(runId: string): string {
    return join(this.folder, `${runId}.ndjson`);
  }

  /** Kills `moments` times while there are always runs on; resolves when all of them have ended. */
  async survive(moments: number): Promise<void> {
    for (let n = 0; n < 2; n++) this.#spawn();
    for (let moment = 0; moment < moments; moment++) {
      while (this.#open.size < AT_ONCE) await this.#start();
      const before = this.#done();
      await this.#until(`runs go on after ${JSON.stringify(this.kills)}`, () => this.#done() > before);
      await delay(this.#random() * WITHIN_MS);
      await this.#kill(VICTIMS[Math.floor(this.#random() * VICTIMS.length)] ?? 'both');
    }
    await this.#until('all runs end', () => this.#open.size === 0);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const worker of this.#workers) worker.kill('SIGKILL');
    const left = await EmbeddedServer.open({ folder: join(this.folder, '.maestro', 'restate') });
    await left.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Grows with every effect, which a replay does not have. */
  #done(): number {
    return Array.from({ length: this.#started }, (_, n) => statSync(this.log(runIdOf(n)), { throwIfNoEntry: false })?.size ?? 0).reduce(
      (sum, size) => sum + size,
      0,
    );
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    await eventually(what, condition, 30_000).catch(async (cause) => {
      const runs = [...this.#open.keys()].map((runId) => `${runId}: ${this.#last.get(runId)}`);
      throw new Error(
        [new Date().toISOString(), String(cause), ...runs, ...this.failures, ...this.#logs.slice(-30), await stateOf(this.folder)].join(
          '\n',
        ),
        { cause },
      );
    });
  }

  async #start(): Promise<void> {
    const runId = runIdOf(this.#started++);
    const plan = await everything(this.log(runId), runId.startsWith('fails'));
    const message = { runId, plan: plan as object };
    this.#open.set(runId, message);
    for (const worker of this.#workers) worker.send(message, () => {});
  }

  async #kill(victim: (typeof VICTIMS)[number]): Promise<void> {
    this.kills[victim] += 1;
    if (victim !== 'worker')
      await eventually('there is a server to kill', () => killed(join(this.folder, '.maestro', 'restate', 'server.json')));
    if (victim !== 'server') this.#host?.kill('SIGKILL');
  }

  /** A worker; when it dies there is another at once, which is told of everything that has not ended. */
  #spawn(): void {
    const worker = fork(join(import.meta.dirname, 'crash-worker.ts'), this.#arguments, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let errors = '';
    worker.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    this.#workers.add(worker);
    for (const message of this.#open.values()) worker.send(message, () => {});
    worker.on('message', (message: { said: string; runId: string; type: string; result: RunResult; error: string }) => {
      if (message.said === 'event') {
        this.#host = worker;
        this.#last.set(message.runId, message.type);
      } else if (message.said === 'result') {
        this.results.set(message.runId, message.result);
        this.#open.delete(message.runId);
      } else if (message.said === 'log') this.#logs.push(`${new Date().toISOString()} ${message.runId}: ${message.error}`);
      else if (message.said === 'failed') this.failures.push(`${message.runId}: ${message.error}`);
    });
    worker.on('exit', (code, signal) => {
      this.#workers.delete(worker);
      if (this.#closing) return;
      if (signal !== 'SIGKILL') this.failures.push(`a worker ended with ${code ?? signal}: ${errors}`);
      this.#spawn();
    });
  }
}

describe(`kill -9 of worker, server and both at ${MOMENTS} moments of runs with every construct of the language (MAESTRO_CRASH_SEED=${SEED})`, () => {
  const groups = Array.from({ length: GROUPS }, (_, n) => new Group(SEED + n, n === 0 ? undefined : REST_MS));
  const begin = performance.now();
  beforeAll(() => Promise.all(groups.map((group) => group.survive(Math.ceil(MOMENTS / GROUPS)))), 120_000 + MOMENTS * 10_000);
  afterAll(() => Promise.all(groups.map((group) => group.close())), 60_000);

  it('all runs end as they do undisturbed', () => {
    const seconds = Math.round((performance.now() - begin) / 1_000);
    const total = groups.reduce((sum, { results }) => sum + results.size, 0);
    console.info(`seed ${SEED}: ${total} runs, ${groups.map(({ kills }) => JSON.stringify(kills)).join(' ')}, ${seconds} s`);
    for (const { results, failures } of groups) {
      expect(failures).toEqual([]);
      expect(results.size).toBeGreaterThan(0);
      for (const [runId, result] of results) {
        const fails = runId.startsWith('fails');
        expect(result, `${runId}: ${JSON.stringify(result.error)}`).toMatchObject(
          fails
            ? { status: 'failed', error: { code: 'TERMINAL', task: 'end' } }
            : { status: 'succeeded', outputs: { told: 'failed skipped failed', items: 4, pure: [10, 12, 14] } },
        );
        expect(Object.fromEntries(result.tasks.map(({ id, status }) => [id, status])), runId).toMatchObject({
          list: 'succeeded',
          some: 'succeeded',
          flaky: 'succeeded',
          tolerated: 'failed',
          late: 'failed',
          not: 'skipped',
          steps: 'succeeded',
          pure: 'succeeded',
          each: 'succeeded',
          used: 'succeeded',
          gate: 'succeeded',
          unheard: 'failed',
          subs: 'succeeded',
          broken: 'failed',
          wait: 'succeeded',
          told: 'succeeded',
          end: fails ? 'failed' : 'succeeded',
          after: fails ? 'skipped' : 'succeeded',
          first: 'succeeded',
          last: 'succeeded',
        });
      }
    }
  });

  it('every effect happened, under one key each, and none again whose result was used', () => {
    for (const group of groups) {
      for (const runId of group.results.keys()) {
        const effects = readFileSync(group.log(runId), 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { key: string; phase?: string });
        const name = ({ key }: { key: string }) => key.slice(runId.length + 1);
        // A sink that keeps one effect of each key has each of them once.
        expect([...new Set(effects.map(name))].sort(), runId).toEqual(effectsOf(runId.startsWith('fails')).sort());
        for (const each of new Set(effects.map(name))) {
          const own = effects.filter((effect) => name(effect) === each);
          if (each !== 'late' && own[0]?.phase !== undefined) expect(own.at(-1)?.phase, `${runId}: ${each} came to its end`).toBe('end');
        }
        for (const [before, after] of ORDER) {
          const used = effects.findIndex((effect) => name(effect) === after);
          const last = effects.findLastIndex((effect) => name(effect) === before);
          expect(last, `${runId}: ${before} before ${after}`).toBeLessThan(used);
        }
      }
    }
  });

  it('what failed is undone completely, the last first', () => {
    for (const group of groups) {
      for (const [runId, { compensations = [] }] of group.results) {
        const own = compensations.filter(({ task }) => task !== 'broken/did');
        expect(compensations.every(({ status }) => status === 'compensated')).toBe(true);
        const undone = own.map(({ task, item }) => (item === undefined ? task : `${task}[${item}]`));
        expect([...undone].sort(), runId).toEqual(runId.startsWith('fails') ? [...UNDONE].sort() : []);
        for (const sub of runId.startsWith('fails') ? ['subs[0]', 'subs[1]'] : []) {
          expect(undone.indexOf(sub)).toBeLessThan(undone.indexOf(`${sub}/two`));
          expect(undone.indexOf(`${sub}/two`)).toBeLessThan(undone.indexOf(`${sub}/one`));
          expect(undone.indexOf(`${sub}/one`)).toBeLessThan(undone.indexOf('list[0]'));
        }
      }
    }
  });

  it('the history has every event of every run, once', async () => {
    for (const group of groups) {
      const history = await openHistory({ sqlite: join(group.folder, '.maestro', 'history.db') });
      try {
        for (const [runId, { status }] of group.results) {
          const events = await history.events(runId, { limit: 100_000 });
          const own = events.map(({ event }) => event.id.slice(runId.length + 1)).filter((sequence) => /^\d+$/.test(sequence));
          expect(
            own.map(Number).sort((a, b) => a - b),
            runId,
          ).toEqual(own.map((_, n) => n));
          expect(events.filter(({ event }) => event.type === 'run.finished').map(({ event }) => event.data.status)).toEqual([status]);
        }
      } finally {
        await history.close();
      }
    }
  });
});

/** What the engine says of the runs that are on. */
async function stateOf(folder: string): Promise<string> {
  const { embeddedClient } = await import('../src/embedded/server.ts');
  return embeddedClient(join(folder, '.maestro', 'restate'))
    .runs.active()
    .then(JSON.stringify, String);
}

/** Two of three runs fail at their end. */
function runIdOf(n: number): string {
  return `${n % 3 === 2 ? 'well' : 'fails'}-${n}`;
}

/** Kills the server that is recorded; false when there is none: it went down with the moment before, and comes back. */
function killed(record: string): boolean {
  try {
    process.kill((JSON.parse(readFileSync(record, 'utf8')) as { pid: number }).pid, 'SIGKILL');
    return true;
  } catch (error) {
    if (error instanceof SyntaxError || ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Random numbers in [0, 1) that follow from the seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
