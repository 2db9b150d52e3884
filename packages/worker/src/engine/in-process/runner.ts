import { type Decision, TaskError } from '@summit/maestro-sdk';
import { admit } from '../../admission.ts';
import type { History } from '../../history/history.ts';
import { type RunProcess, thisProcess } from '../../history/run-process.ts';
import { questionName } from '../../interpreter/approvals.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { interpret } from '../../interpreter/interpreter.ts';
import type { RunInput } from '../../interpreter/run-input.ts';
import type { RunnerOptions } from '../../options.ts';
import type { TaskRegistry } from '../../packages/tasks.ts';
import type { ActiveRun, DecisionInput, PendingDecision, RunEvent, RunHandle, RunRequest, RunResult } from '../../run.ts';
import type { Runner } from '../../runner.ts';
import { chooseQuestion } from '../decide.ts';
import type { EventEmitter } from '../emitter.ts';
import { queueFull } from '../queue-full.ts';
import { InProcessDurable } from './durable.ts';

/** Ended runs that can still be attached to. */
const MAX_REMEMBERED = 1_000;
/** Runs that have not ended where the options do not say: each holds memory. */
const QUEUED_RUNS = 10_000;

interface Live {
  durable: InProcessDurable;
  result: Promise<RunResult>;
  ended: boolean;
}

/** Runs plans in this process: for tests and for `--ephemeral`. */
export class InProcessRunner implements Runner {
  readonly kind = 'in-process';
  readonly #registry: TaskRegistry;
  readonly #host: TaskHost;
  readonly #events: EventEmitter;
  readonly #decide: RunnerOptions['decide'];
  readonly #close: () => Promise<void>;
  readonly #pools: ReadonlySet<string> | undefined;
  readonly #queuedRuns: number;
  readonly #runs = new Map<string, Live>();
  /** Whoever reads the history can tell by it whether runs without an end are still on. */
  readonly #process: RunProcess | undefined;
  #unended = 0;

  constructor(
    registry: TaskRegistry,
    host: TaskHost,
    events: EventEmitter,
    options: Pick<RunnerOptions, 'decide' | 'pools' | 'limits'>,
    close: () => Promise<void>,
  ) {
    this.#registry = registry;
    this.#host = host;
    this.#events = events;
    this.#decide = options.decide;
    this.#pools = options.pools?.serves === undefined ? undefined : new Set(options.pools.serves);
    this.#queuedRuns = options.limits?.queuedRuns ?? QUEUED_RUNS;
    this.#close = close;
    this.#process = events.history === undefined ? undefined : thisProcess();
    if (this.#decide) this.#events.listen((event) => this.#ask(event));
  }

  get history(): History | undefined {
    return this.#events.history;
  }

  async start(request: RunRequest): Promise<RunHandle> {
    const admitted = admit(request, this.#registry, this.#pools);
    const run = this.#process === undefined ? admitted : { ...admitted, process: this.#process };
    if (!this.#runs.has(run.runId)) {
      if (this.#unended >= this.#queuedRuns) throw queueFull(this.#unended, this.#queuedRuns);
      if (run.plan.approvals?.required && this.#decide === undefined) {
        throw TaskError.terminal(
          'APPROVAL_IMPOSSIBLE',
          'this run needs approvals, which nobody can give to a run that lives in this process only; start it without --ephemeral',
        );
      }
      const durable = new InProcessDurable();
      const live: Live = { durable, ended: false, result: Promise.resolve(undefined as never) };
      this.#runs.set(run.runId, live);
      this.#unended += 1;
      live.result = this.#interpret(run, durable).finally(() => {
        live.ended = true;
        this.#unended -= 1;
        durable.close();
        this.#forgetOldest();
      });
      // Whoever asks for the result hears of a failure; nobody has to ask.
      live.result.catch(() => {});
    }
    return this.attach(run.runId);
  }

  /** Not over before the history has it. */
  async #interpret(run: RunInput, durable: InProcessDurable): Promise<RunResult> {
    const result = await interpret(run, durable, this.#host, this.#events.publish);
    await this.#events.publish.flush?.();
    return result;
  }

  async attach(runId: string): Promise<RunHandle> {
    const live = this.#live(runId);
    return { runId, result: () => live.result };
  }

  async decide(runId: string, given: DecisionInput): Promise<void> {
    const { durable } = this.#live(runId);
    const chosen = chooseQuestion(pendingOf(durable), given);
    if ('refused' in chosen) throw TaskError.terminal('DECISION_REFUSED', `run ${runId}: ${chosen.refused}`);
    const decision: Decision = { approved: given.approved, by: given.by, role: given.role, at: new Date().toISOString() };
    if (given.comment !== undefined) decision.comment = given.comment;
    durable.answer(questionName(chosen.question.name, given.role), decision);
  }

  async cancel(runId: string): Promise<void> {
    const { durable, ended, result } = this.#live(runId);
    if (ended) {
      const { status } = await result;
      const how = status === 'cancelled' ? 'was cancelled' : status;
      throw TaskError.terminal('RUN_ENDED', `run ${runId} has ended: it ${how}`, { details: { status } });
    }
    durable.cancel();
  }

  kill(runId: string): Promise<void> {
    return Promise.reject(onlyHere(runId, 'killed', 'end the process instead'));
  }

  pause(runId: string): Promise<void> {
    return Promise.reject(onlyHere(runId, 'paused', 'runs of an engine can be paused'));
  }

  resume(runId: string): Promise<void> {
    return Promise.reject(onlyHere(runId, 'resumed', 'it is never paused'));
  }

  async active(): Promise<ActiveRun[]> {
    return [...this.#runs]
      .filter(([, live]) => !live.ended)
      .map(([runId, { durable }]) => {
        const pending = pendingOf(durable);
        return { runId, state: pending.length > 0 ? 'waiting' : 'running', pending };
      });
  }

  async find(runId: string): Promise<ActiveRun | undefined> {
    return (await this.active()).find((run) => run.runId === runId);
  }

  onEvent(listener: (event: RunEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  /** Cancels what is still on: it could not go on anywhere else. */
  async close(): Promise<void> {
    for (const live of this.#runs.values()) if (!live.ended) live.durable.cancel();
    await Promise.allSettled([...this.#runs.values()].map((live) => live.result));
    await this.#close();
    await this.#events.close();
  }

  #forgetOldest(): void {
    if (this.#runs.size <= MAX_REMEMBERED) return;
    for (const [runId, live] of this.#runs) {
      if (!live.ended) continue;
      this.#runs.delete(runId);
      return;
    }
  }

  #live(runId: string): Live {
    const live = this.#runs.get(runId);
    if (live === undefined) throw TaskError.terminal('RUN_UNKNOWN', `there is no run ${runId} in this process`);
    return live;
  }

  /** Puts every question of an event to whoever decides in this process; one that is not answered is a no. */
  #ask(event: RunEvent): void {
    if (event.type !== 'run.awaiting-approval') return;
    const runId = event.subject;
    const questions = event.data.pending as unknown as PendingDecision[];
    void (async () => {
      for (const question of questions) {
        const answer = await this.#decide?.({ ...question, runId });
        const given = answer ?? { role: question.role, by: 'nobody', approved: false, comment: 'no decision was given' };
        await this.decide(runId, { ...given, name: question.name });
        if (!given.approved) return;
      }
    })().catch((error: unknown) => {
      const comment = error instanceof Error ? error.message : String(error);
      const [first] = pendingOf(this.#live(runId).durable);
      if (first !== undefined)
        this.#live(runId).durable.answer(questionName(first.name, first.role), {
          approved: false,
          by: 'nobody',
          role: first.role,
          at: new Date().toISOString(),
          comment,
        });
    });
  }
}

function onlyHere(runId: string, what: string, why: string): TaskError {
  return TaskError.terminal('ENGINE_EPHEMERAL', `run ${runId} lives in this process only and cannot be ${what}: ${why}`);
}

function pendingOf(durable: InProcessDurable): PendingDecision[] {
  return (durable.state.get('pending') ?? []) as unknown as PendingDecision[];
}
