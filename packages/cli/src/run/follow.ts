import type { ActiveRun, PendingDecision, RunControl, RunHandle, RunResult } from '@summit/maestro-worker';
import { CliError } from '../errors.ts';
import type { SignalName } from '../io.ts';
import type { Prompt } from '../terminal/prompt.ts';
import { printable } from '../text.ts';
import { type DecisionDesk, keyOf } from './decision-desk.ts';
import type { EventFeed } from './feed.ts';
import type { Interrupts } from './interrupts.ts';
import type { RunView } from './view.ts';

/** How long a run may go on without news before that is explained. In milliseconds. */
const QUIET_MS = 3_000;

/** How often an engine is asked what a run waits for: another process may be the one that executes it. In milliseconds. */
const POLL_MS = 500;

/** A person who can be asked. */
export interface Company {
  prompt: Prompt;
  desk: DecisionDesk;
}

export interface FollowOptions {
  runner: RunControl;
  handle: RunHandle;
  feed: EventFeed;
  view: RunView;
  interrupts: Interrupts;
  /** Absent when nobody sits at a terminal. */
  company?: Company;
  /** The exact command that decides a question. */
  decideCommand(verb: 'approve' | 'reject', question: PendingDecision): string;
  /** Why a run does not go on, and what to do; nothing for one that does. */
  problem(run: ActiveRun): string[];
}

/** A run that was followed to its end, or that goes on without us. `signal`: what made us cancel or leave it. */
export type Followed = { result: RunResult; signal?: SignalName } | { left: SignalName };

/** Follows a run: has its decisions asked for, and does what is wanted on Ctrl-C. */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { runner, handle, interrupts } = options;
  const questions = new Questions(options);
  let signal: SignalName | undefined;
  const left = new Promise<Followed>((resolve, reject) => {
    interrupts.on((received) => {
      onInterrupt(options)
        .then(async (wish) => {
          if (wish === 'stay') return interrupts.forgive();
          if (wish === 'leave') return resolve({ left: received });
          if (options.company === undefined) signal = received;
          options.view.note(`cancelling run ${handle.runId}; again Ctrl-C: quit`);
          await runner.cancel(handle.runId);
        })
        .catch(reject);
    });
  });
  let heard = false;
  options.feed.listen((event) => {
    heard = true;
    if (event.type === 'run.awaiting-approval') questions.asked(event.data.pending as unknown as PendingDecision[]);
    if (event.type === 'decision.made') questions.decided(event.data as unknown as Pick<PendingDecision, 'name' | 'role'>);
  });
  options.feed.flow();
  const explain = quietness(options.view, () => heard, options.problem);
  const stopPolling =
    runner.kind !== 'restate'
      ? () => {}
      : poll(runner, handle.runId, (run) => {
          questions.listed(run.pending);
          explain(run);
        });
  try {
    const ended = handle.result().then((result): Followed => (signal === undefined ? { result } : { result, signal }));
    return await Promise.race([ended, left, questions.failed]);
  } finally {
    stopPolling();
    options.company?.desk.close();
  }
}

/** What Ctrl-C means here: a person is asked; without one a durable run is left and one that only lives here is cancelled. */
async function onInterrupt({ runner, company }: FollowOptions): Promise<'leave' | 'cancel' | 'stay'> {
  const durable = runner.kind === 'restate';
  if (company === undefined) return durable ? 'leave' : 'cancel';
  const { desk, prompt } = company;
  try {
    if (!durable)
      return await desk.interrupt(() => prompt.choose('\nCancel the run (it lives in this process only), or stay?', ['cancel', 'stay']));
    return await desk.interrupt(async () => {
      const wish = await prompt.choose('\nLeave the run (it goes on while a worker is up), cancel it, or stay?', [
        'leave',
        'cancel',
        'stay',
      ]);
      if (wish !== 'stay') desk.close();
      return wish;
    });
  } catch (error) {
    if (error instanceof CliError && error.code === 'INPUT_ENDED') return durable ? 'leave' : 'cancel';
    throw error;
  }
}

/** The decisions a run waits for, each asked or announced once. */
class Questions {
  readonly #options: FollowOptions;
  /** Key -> whether the engine has listed it: what it has not listed yet cannot have been decided. */
  readonly #known = new Map<string, { question: PendingDecision; listed: boolean }>();
  readonly failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};

  constructor(options: FollowOptions) {
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  asked(pending: readonly PendingDecision[]): void {
    const fresh = pending.filter((question) => !this.#known.has(keyOf(question)));
    for (const question of fresh) this.#known.set(keyOf(question), { question, listed: false });
    if (fresh.length === 0) return;
    // A run in this process asks through the runner's own `decide`.
    if (this.#options.runner.kind === 'in-process') return;
    if (this.#options.company === undefined) this.#announce(fresh);
    else for (const question of fresh) this.#ask(question).catch(this.#fail);
  }

  /** Everything the engine says is open now. */
  listed(pending: readonly PendingDecision[]): void {
    this.asked(pending);
    const open = new Set(pending.map(keyOf));
    for (const [key, known] of this.#known) {
      if (open.has(key)) known.listed = true;
      else if (known.listed) this.#options.company?.desk.withdraw(known.question);
    }
  }

  decided(question: Pick<PendingDecision, 'name' | 'role'>): void {
    this.#options.company?.desk.withdraw(question);
  }

  async #ask(question: PendingDecision, refused?: string): Promise<void> {
    const { runner, handle, company } = this.#options;
    const decision = await company?.desk.answer(question, refused);
    if (decision === undefined || decision === 'gone') return;
    if (decision === 'later') return this.#announce([question]);
    try {
      await runner.decide(handle.runId, decision);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (await this.#isOpen(question)) return this.#ask(question, error.message);
      this.#options.view.note(error.message);
    }
  }

  async #isOpen(question: PendingDecision): Promise<boolean> {
    const { runner, handle } = this.#options;
    const run = await runner.find(handle.runId);
    return run?.pending.some((pending) => keyOf(pending) === keyOf(question)) ?? false;
  }

  #announce(questions: readonly PendingDecision[]): void {
    const { decideCommand, view, handle } = this.#options;
    const lines = questions.flatMap((question) => [
      `  ${printable(question.role)}${question.reason ? `: ${printable(question.reason)}` : ''}${question.digest ? ` (${question.digest})` : ''}`,
      `    ${decideCommand('approve', question)}`,
      `    ${decideCommand('reject', question)}`,
    ]);
    view.note([`run ${handle.runId} waits for a decision; give it from another terminal:`, ...lines].join('\n'));
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'DECISION_REFUSED';
}

/** Explains, once each, why nothing is seen of a run that is on. */
function quietness(view: RunView, heard: () => boolean, problem: FollowOptions['problem']): (run: ActiveRun) => void {
  const begin = performance.now();
  const told = new Set<string>();
  const tell = (key: string, text: string) => {
    if (told.has(key)) return;
    told.add(key);
    view.note(text);
  };
  return (run) => {
    const lines = problem(run);
    // A single try that fails is ordinary where workers come and go.
    if (lines.length > 0 && (run.state !== 'retrying' || (run.problem?.attempts ?? 0) > 3))
      tell(`${run.state} ${run.problem?.code}`, lines.join('\n'));
    else if (run.state === 'running' && !heard() && performance.now() - begin > QUIET_MS)
      tell('elsewhere', 'another process executes this run, and shows its events; here its result is shown');
  };
}

/** Tells `listen` how the engine lists a run, again and again. Returns what ends it. */
function poll(runner: RunControl, runId: string, listen: (run: ActiveRun) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async () => {
    try {
      const run = await runner.find(runId);
      if (!stopped && run !== undefined) listen(run);
    } catch {
      // The engine does not answer just now. Whether it ever will is for the run's result to say.
    }
    if (!stopped) timer = setTimeout(() => void look(), POLL_MS);
  };
  timer = setTimeout(() => void look(), POLL_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
