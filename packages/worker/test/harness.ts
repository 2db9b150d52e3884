import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Parameter,
  type Plan,
  type PlanBody,
  type PlanCall,
  type PlanForEach,
  type PlanTask,
  planDigest,
  type Template,
} from '@summit/maestro-manifest';
import type { Initiator, JsonObject, TaskContract } from '@summit/maestro-sdk';
import {
  type EngineOptions,
  openRunner,
  type RunEvent,
  type Runner,
  type RunnerOptions,
  type RunRequest,
  type RunResult,
} from '@summit/maestro-worker';
import { loadContracts } from '@summit/maestro-worker/packages';

export const FIXTURES = join(import.meta.dirname, 'fixture-tasks');

/** A call of a test plan: a fixture task by its short name, or `workflows/x`. */
export interface TestCall {
  uses: string;
  with?: Template;
  retry?: PlanTask['retry'];
  timeout?: number;
}

/** A task of a test plan. */
export interface TestTask extends TestCall, Partial<Pick<PlanTask, 'needs' | 'when' | 'onAnyStatus' | 'continueOnError' | 'pool'>> {
  forEach?: Partial<PlanForEach> & Pick<PlanForEach, 'in'>;
  compensate?: TestCall;
}

export type TestTasks = Record<string, TestTask>;

/** A workflow of a test plan; required parameters may be written `name:type`. */
export interface TestBody extends Partial<Omit<PlanBody, 'tasks' | 'onFailure' | 'finally' | 'parameters'>> {
  parameters?: PlanBody['parameters'] | string[];
  tasks: TestTasks;
  onFailure?: TestTasks;
  finally?: TestTasks;
}

/** What a test plan may say beyond its tasks. */
export interface TestPlan extends Partial<Omit<Plan, 'tasks' | 'onFailure' | 'finally' | 'workflows'>> {
  onFailure?: TestTasks;
  finally?: TestTasks;
  workflows?: Record<string, TestBody>;
}

let contracts: Promise<TaskContract[]> | undefined;

/** A plan over the fixture tasks, as the compiler would make it. Sub-workflows are given by their name; their version is 1.0.0. */
export async function plan(tasks: TestTasks, more: TestPlan = {}): Promise<Plan> {
  contracts ??= loadContracts([FIXTURES], import.meta.dirname);
  const known = await contracts;
  const callOf = ({ uses, with: input = {}, retry, timeout }: TestCall): PlanCall => ({
    uses: usesOf(uses, known),
    with: input,
    ...(retry ? { retry } : {}),
    ...(timeout === undefined ? {} : { timeout }),
  });
  const listOf = (list: TestTasks): PlanTask[] =>
    Object.entries(list).map(([id, { uses, with: input, retry, timeout, needs = [], forEach, compensate, ...rest }]) => ({
      id,
      ...callOf({ uses, ...(input === undefined ? {} : { with: input }), ...(retry ? { retry } : {}), ...(timeout ? { timeout } : {}) }),
      needs,
      ...rest,
      ...(forEach ? { forEach: { onError: 'fail' as const, ...forEach } } : {}),
      ...(compensate ? { compensate: callOf(compensate) } : {}),
    }));
  const hooksOf = (body: { onFailure?: TestTasks; finally?: TestTasks }) => ({
    ...(body.onFailure ? { onFailure: listOf(body.onFailure) } : {}),
    ...(body.finally ? { finally: listOf(body.finally) } : {}),
  });
  const bodyOf = ({ tasks: own, parameters = [], outputs = {}, onFailure: _, finally: __, ...rest }: TestBody): PlanBody => ({
    ...rest,
    parameters: parameters.map((parameter) => {
      if (typeof parameter !== 'string') return parameter;
      const [name = '', type = 'string'] = parameter.split(':');
      return { name, type: type as Parameter['type'], required: true };
    }),
    outputs,
    tasks: listOf(own),
  });
  const { workflows, onFailure: _, finally: __, ...rest } = more;
  const bodies = Object.entries(workflows ?? {}).map(([name, body]) => [`${name}@1.0.0`, { ...bodyOf(body), ...hooksOf(body) }]);
  return {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'test', version: '1.0.0' },
    inputs: [],
    bindings: {},
    parameters: [],
    outputs: {},
    ...rest,
    tasks: listOf(tasks),
    ...hooksOf(more),
    ...(workflows ? { workflows: Object.fromEntries(bodies) } : {}),
  };
}

function usesOf(uses: string, known: TaskContract[]): PlanCall['uses'] {
  if (uses.startsWith('workflows/')) return { name: uses, version: '1.0.0', digest: `sha256:${uses}` };
  const contract = known.find(({ name }) => name === `tasks/${uses}`);
  if (contract === undefined) throw new Error(`no fixture task ${uses}`);
  return { name: contract.name, version: contract.version, digest: contract.digest };
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

  async run(what: Plan, inputs: JsonObject = {}, more: Partial<RunRequest> = {}): Promise<RunResult> {
    return (await this.runner.start({ plan: what, inputs, initiator: alice, ...more })).result();
  }

  /** Cancels the run of `what` once `when` holds of its events. */
  async cancelOnce(what: Plan, when: (events: RunEvent[]) => boolean): Promise<RunResult> {
    const { runId, result } = await this.runner.start({ plan: what, inputs: {}, initiator: alice });
    await eventually('it is time to cancel', () => when(this.of(runId)));
    await this.runner.cancel(runId);
    return result();
  }

  /** Events of one run, in order. */
  of(runId: string): RunEvent[] {
    return this.events.filter(({ subject }) => subject === runId);
  }

  /** What a task of a run returned. */
  output(runId: string, task: string): unknown {
    return this.of(runId).find(({ type, data }) => type === 'task.succeeded' && data.task === task)?.data.output;
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
