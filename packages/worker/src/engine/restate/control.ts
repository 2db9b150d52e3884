import { setTimeout as delay } from 'node:timers/promises';
import { admit, poolsOf } from '../../admission.ts';
import type { History } from '../../history/history.ts';
import { queuedEvent, runEvent } from '../../interpreter/events.ts';
import type { RunnerOptions } from '../../options.ts';
import type { TaskRegistry } from '../../packages/tasks.ts';
import { callsOf } from '../../plan-calls.ts';
import type { ActiveRun, DecisionInput, RunControl, RunEvent, RunHandle, RunRequest, RunResult } from '../../run.ts';
import { Backlog } from './backlog.ts';
import { checkRunId, type RestateClient } from './client.ts';
import { Unreachable } from './http.ts';
import type { Expected, LocalResults } from './local-results.ts';

/** How long to wait before asking an engine again that did not answer, in milliseconds. */
const AGAIN_MS = 100;

/** How long an engine may take to hear of an end that was told here, and how often it is looked. In milliseconds. */
const HEARD_MS = 5_000;
const LOOK_MS = 5;

/** A way to the engine. */
export interface Access {
  readonly client: RestateClient;
  /** Resolves when the engine answers, however long that takes; rejects when it never will. */
  ready(): Promise<void>;
  /** Present while this process executes what it starts. */
  readonly results?: LocalResults | undefined;
  /** The pools that other processes serve; absent: whoever walks a run executes all of it. */
  pools?(): Promise<ReadonlySet<string>>;
}

/** What can be done with runs on Restate, by whatever way it is reached. */
export abstract class RestateControl implements RunControl {
  readonly kind = 'restate';
  readonly #access: Access;
  readonly #registry: () => Promise<TaskRegistry>;
  /** The pools that runs may ask for, where nobody else serves any. */
  readonly #named: ReadonlySet<string> | undefined;
  readonly #backlog: Backlog;
  protected readonly closing = new AbortController();

  /** `registry`: the tasks that may be used here. */
  constructor(access: Access, registry: () => Promise<TaskRegistry>, { pools, limits }: Pick<RunnerOptions, 'pools' | 'limits'>) {
    this.#access = access;
    this.#named = pools?.serves === undefined ? undefined : new Set(pools.serves);
    this.#backlog = new Backlog(limits?.queuedRuns);
    this.#registry = registry;
  }

  abstract close(): Promise<void>;

  abstract readonly history: History | undefined;
  /** Puts what this process does to a run into its history; who executes the run tells the rest. */
  protected abstract record(event: RunEvent): void;

  async start(request: RunRequest): Promise<RunHandle> {
    const run = admit(request, await this.#registry(), await this.#poolsFor(request));
    await this.#persist((client) => this.#backlog.check(client, run.runId));
    // From before it can begin.
    const expected = this.#access.results?.expect(run.runId);
    let begins = false;
    try {
      begins = await this.#persist((client) => client.start(run));
    } finally {
      if (!begins) expected?.forget();
    }
    this.record(queuedEvent(run));
    return this.#handle(run.runId, begins ? expected : undefined);
  }

  async attach(runId: string): Promise<RunHandle> {
    checkRunId(runId);
    return this.#handle(runId);
  }

  decide(runId: string, decision: DecisionInput): Promise<void> {
    return this.#change(runId, (client) => client.decide(runId, decision));
  }

  cancel(runId: string): Promise<void> {
    return this.#change(runId, (client) => client.runs.cancel(runId));
  }

  async kill(runId: string): Promise<void> {
    await this.#change(runId, (client) => client.runs.kill(runId));
    const [summary] = (await this.history?.list({ runIds: [runId] })) ?? [];
    if (summary === undefined) return;
    // No code of the run is left that could say so.
    const error = { code: 'RUN_KILLED', message: 'the run was ended in the engine; nothing was undone' };
    this.record(runEvent(runId, summary.ref, 'killed', 'run.finished', { status: 'cancelled', error }));
  }

  pause(runId: string): Promise<void> {
    return this.#change(runId, (client) => client.runs.pause(runId));
  }

  resume(runId: string, { deployment }: { deployment?: string } = {}): Promise<void> {
    return this.#change(runId, (client) => client.runs.resume(runId, deployment));
  }

  async active(): Promise<ActiveRun[]> {
    return this.#unended(await this.#persist((client) => client.runs.active()));
  }

  async find(runId: string): Promise<ActiveRun | undefined> {
    const [run] = this.#unended(await this.#about(runId, (client) => client.runs.active(runId)));
    return run;
  }

  /** Without those whose result was told already. */
  #unended(runs: ActiveRun[]): ActiveRun[] {
    return runs.filter(({ runId }) => !this.#access.results?.hasEnded(runId));
  }

  /** The pools there are, where the run asks for any; undefined: all. */
  async #poolsFor({ plan }: RunRequest): Promise<ReadonlySet<string> | undefined> {
    if (this.#access.pools === undefined) return this.#named;
    if (poolsOf(callsOf(plan).calls).length === 0) return undefined;
    return this.#persist(() => this.#access.pools?.() ?? Promise.resolve(new Set<string>()));
  }

  async #about<T>(runId: string, ask: (client: RestateClient) => Promise<T>): Promise<T> {
    checkRunId(runId);
    return this.#persist(ask);
  }

  /** Changes a run, which has to go wrong once its end was told: the engine, which may hear of that end later, is asked when it has. */
  async #change(runId: string, ask: (client: RestateClient) => Promise<void>): Promise<void> {
    await this.#about(runId, async (client) => {
      const end = performance.now() + HEARD_MS;
      while (this.#access.results?.hasEnded(runId) && performance.now() < end && (await client.runs.active(runId)).length > 0) {
        await delay(LOOK_MS);
      }
      await ask(client);
    });
  }

  #handle(runId: string, expected?: Expected): RunHandle {
    const attach = () => this.#persist((client) => client.attach(runId, this.closing.signal));
    let result: Promise<RunResult> | undefined;
    return {
      runId,
      result: () => {
        result ??= expected === undefined ? attach() : expected.result(attach);
        return result;
      },
    };
  }

  /** Repeats what is safe to repeat for as long as the engine is out of reach, which it is while it starts again. */
  async #persist<T>(ask: (client: RestateClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask(this.#access.client);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        await delay(AGAIN_MS, undefined, { signal: this.closing.signal });
        await this.#access.ready();
      }
    }
  }
}
