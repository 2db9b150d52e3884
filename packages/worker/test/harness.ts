import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Plan, planDigest, type Template } from '@summit/maestro-manifest';
import type { Initiator, JsonObject, TaskContract } from '@summit/maestro-sdk';
import { type EngineOptions, openRunner, type RunEvent, type Runner, type RunnerOptions, type RunResult } from '@summit/maestro-worker';
import { loadContracts } from '@summit/maestro-worker/packages';

export const FIXTURES = join(import.meta.dirname, 'fixture-tasks');

/** A task of a test plan: its short name, input and needs. */
export interface TestTask {
  uses: string;
  with?: Template;
  needs?: string[];
  retry?: Plan['tasks'][number]['retry'];
  timeout?: number;
}

let contracts: Promise<TaskContract[]> | undefined;

/** A plan over the fixture tasks, as the compiler would make it. */
export async function plan(tasks: Record<string, TestTask>, more: Partial<Plan> = {}): Promise<Plan> {
  contracts ??= loadContracts([FIXTURES], import.meta.dirname);
  const known = await contracts;
  return {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'test', version: '1.0.0' },
    inputs: [],
    bindings: {},
    parameters: [],
    outputs: {},
    ...more,
    tasks: Object.entries(tasks).map(([id, task]) => {
      const contract = known.find(({ name }) => name === `tasks/${task.uses}`);
      if (contract === undefined) throw new Error(`no fixture task ${task.uses}`);
      return {
        id,
        uses: { name: contract.name, version: contract.version, digest: contract.digest },
        needs: task.needs ?? [],
        with: task.with ?? {},
        ...(task.retry ? { retry: task.retry } : {}),
        ...(task.timeout === undefined ? {} : { timeout: task.timeout }),
      };
    }),
  };
}

export const alice: Initiator = { id: 'alice', roles: ['sre'] };

/** A runner in a folder of its own. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'maestro-test-'));
  readonly log = join(this.folder, 'effects.ndjson');
  readonly events: RunEvent[] = [];
  #runner: Runner | undefined;

  async open(engine: EngineOptions['kind'], more: Partial<RunnerOptions> = {}, inactivityMs?: number): Promise<Runner> {
    if (engine === 'remote') throw new Error('remote engines are opened by hand');
    this.#runner = await openRunner({
      engine:
        engine === 'embedded'
          ? { kind: engine, dir: join(this.folder, '.maestro'), ...(inactivityMs === undefined ? {} : { inactivityMs }) }
          : { kind: engine },
      packages: [FIXTURES],
      from: import.meta.dirname,
      workspace: this.folder,
      artifactsDir: join(this.folder, '.maestro', 'artifacts'),
      drainMs: 500,
      ...more,
    });
    this.#runner.onEvent((event) => this.events.push(event));
    return this.#runner;
  }

  get runner(): Runner {
    if (this.#runner === undefined) throw new Error('the runner is not open');
    return this.#runner;
  }

  async run(what: Plan, inputs: JsonObject = {}): Promise<RunResult> {
    return (await this.runner.start({ plan: what, inputs, initiator: alice })).result();
  }

  /** Lines of the effect log. */
  effects(): { id: string; key: string; attempt: number; phase?: string; at?: number }[] {
    try {
      return readFileSync(this.log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Data of the events of one type, in order. */
  data(type: RunEvent['type']): JsonObject[] {
    return this.events.filter((event) => event.type === type).map((event) => event.data);
  }

  async close(): Promise<void> {
    await this.#runner?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `condition` holds, and fails with `what` after `ms`. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export { planDigest };
