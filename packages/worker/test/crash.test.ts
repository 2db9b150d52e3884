import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Plan } from '@summit/maestro-manifest';
import type { RunResult } from '@summit/maestro-worker';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, plan } from './harness.ts';

/** Moments at which each kind of process is killed; the long mode takes more of them. */
const MOMENTS = Number(process.env.MAESTRO_CRASH_MOMENTS ?? 5);
/** About how long the run of six tasks takes undisturbed, in milliseconds. */
const RUN_MS = 700;

interface Effect {
  id: string;
  key: string;
  phase: string;
}

const NEEDS: Record<string, string[]> = {
  one: [],
  two: ['one'],
  three: ['one'],
  wait: ['two'],
  five: ['two', 'three'],
  six: ['wait', 'five'],
};

describe.each(['worker', 'server'] as const)('kill -9 of the %s', (victim) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'maestro-crash-'));
  });
  afterAll(async () => {
    const left = await EmbeddedServer.open({ folder: join(folder, '.maestro', 'restate') });
    await left.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs `what` and kills the victim after `delay`; the result is what the survivors come to. */
  const survive = async (runId: string, what: Plan, delay: number): Promise<RunResult> => {
    const first = new Worker(folder, runId, what);
    await first.said('started');
    await new Promise((resolve) => setTimeout(resolve, delay));
    if (victim === 'worker') {
      first.kill();
      return new Worker(folder, runId, what).result();
    }
    const { pid } = JSON.parse(readFileSync(join(folder, '.maestro', 'restate', 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    return first.result();
  };

  it(
    `at ${MOMENTS} moments of a run of six tasks: every run finishes, nothing recorded runs again`,
    async () => {
      let cut = 0;
      for (let moment = 0; moment < MOMENTS; moment++) {
        const log = join(folder, `effects-${moment}.ndjson`);
        const runId = `${victim}-${moment}`;
        // Spread over the run, with a random offset within each slot.
        const delay = ((moment + Math.random()) / MOMENTS) * RUN_MS * 1.1;
        const result = await survive(runId, await sixTasks(log), delay);
        expect(result.status, `${runId} killed after ${Math.round(delay)} ms: ${JSON.stringify(result.error)}`).toBe('succeeded');
        cut += checkEffects(log, runId);
      }
      // Otherwise the moments missed every step and the test would show nothing.
      if (victim === 'worker') expect(cut).toBeGreaterThan(0);
    },
    60_000 + MOMENTS * 10_000,
  );

  const few = Math.ceil(MOMENTS / 10);
  it(
    `at ${few} moments of a durable task of steps: it goes on where it was, and does again only what was on`,
    async () => {
      for (let moment = 0; moment < few; moment++) {
        const log = join(folder, `steps-${moment}.ndjson`);
        const runId = `${victim}-steps-${moment}`;
        const delay = ((moment + Math.random()) / few) * RUN_MS;
        const what = await plan({ work: { uses: 'steps', with: { log, times: 8, holdMs: 40, sleepMs: 40 } } });
        const result = await survive(runId, what, delay);
        expect(result.status, `${runId} killed after ${Math.round(delay)} ms: ${JSON.stringify(result.error)}`).toBe('succeeded');
        const effects = readFileSync(log, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Effect);
        const begun = effects.filter(({ phase }) => phase === 'begin').map(({ id }) => id);
        expect([...new Set(begun)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `work/${n}`));
        expect(begun.length, `${runId} began ${begun.join(', ')}`).toBeLessThanOrEqual(9);
      }
    },
    60_000 + MOMENTS * 10_000,
  );
});

/** Holds that each step ran, with one key, and not again once what needs it had begun. Returns how many ran more than once. */
function checkEffects(log: string, runId: string): number {
  const effects = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Effect);
  let again = 0;
  for (const id of Object.keys(NEEDS)) {
    if (id === 'wait') continue;
    const own = effects.flatMap((effect, at) => (effect.id === id ? [{ ...effect, at }] : []));
    const begun = own.filter(({ phase }) => phase === 'begin');
    expect(begun.length, `${runId}: ${id} began`).toBeGreaterThan(0);
    expect(own.at(-1)?.phase, `${runId}: ${id} ended`).toBe('end');
    expect(new Set(own.map(({ key }) => key)), `${runId}: ${id} has one key`).toEqual(new Set([`${runId}/${id}`]));
    const dependents = Object.keys(NEEDS).filter((other) => NEEDS[other]?.includes(id));
    const seen = effects.findIndex((effect) => dependents.includes(effect.id));
    const lastBegin = Math.max(...begun.map(({ at }) => at));
    if (seen >= 0) expect(lastBegin, `${runId}: ${id} began again after its result was used`).toBeLessThan(seen);
    if (begun.length > 1) again += 1;
  }
  return again;
}

async function sixTasks(log: string): Promise<Plan> {
  const step = (id: string, holdMs: number) => ({ uses: 'effect.append', with: { log, id, holdMs }, needs: NEEDS[id] ?? [] });
  return plan({
    one: step('one', 80),
    two: step('two', 120),
    three: step('three', 200),
    wait: { uses: 'wait', with: { ms: 50, times: 3 }, needs: ['two'] },
    five: step('five', 120),
    six: step('six', 100),
  });
}

/** A worker process and what it says. */
class Worker {
  readonly #child: ChildProcess;
  readonly #said = new Map<string, Record<string, unknown>>();
  #exit: number | null | undefined;
  #errors = '';

  constructor(folder: string, runId: string, what: Plan) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), folder, runId, JSON.stringify(what)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.stdout)
      createInterface(this.#child.stdout).on('line', (line) => {
        const said = JSON.parse(line) as { said: string };
        this.#said.set(said.said, said);
      });
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#child.on('exit', (code) => {
      this.#exit = code;
    });
  }

  async said(what: string): Promise<Record<string, unknown>> {
    await eventually(`worker says ${what}`, () => this.#said.has(what) || this.#exit !== undefined, 60_000);
    const said = this.#said.get(what);
    if (said === undefined) throw new Error(`the worker ended with ${this.#exit} before it said "${what}": ${this.#errors}`);
    return said;
  }

  async result(): Promise<RunResult> {
    return (await this.said('result')).result as RunResult;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
