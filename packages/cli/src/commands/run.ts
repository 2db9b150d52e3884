import { randomUUID } from 'node:crypto';
import type { Plan } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { DecisionInput, PendingDecision, Runner, RunResult } from '@summit/maestro-worker';
import { preparePlan } from '../catalog/prepare.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { DecisionDesk, type DeskAnswer } from '../run/decision-desk.ts';
import { type Company, type Followed, follow } from '../run/follow.ts';
import { askInputs, checkInputs, type InputOptions, readInputs } from '../run/inputs.ts';
import { exitOf, type Interrupts, watchInterrupts } from '../run/interrupts.ts';
import { jsonView } from '../run/json-view.ts';
import { lineView } from '../run/line-view.ts';
import { liveView } from '../run/live-view.ts';
import { open } from '../run/open.ts';
import { refOf, type RunView } from '../run/view.ts';
import { openPrompt, type Prompt } from '../terminal/prompt.ts';
import { commandLine } from '../command-line.ts';
import { inputLines } from '../render/plan.ts';

export interface RunOptions extends InputOptions {
  ephemeral?: boolean;
  runId?: string;
  json?: boolean;
}

/** `maestro run` */
export async function run(context: Context, ref: string, options: RunOptions): Promise<ExitCode> {
  const { terminal } = context;
  const config = await context.config();
  const { plan, digest } = await preparePlan(context, ref);
  const interactive = terminal.interactive && !options.json;
  const prompt = interactive ? openPrompt(context.io, terminal) : undefined;
  const interrupts = watchInterrupts(context.io);
  try {
    const inputs = await collectInputs(context, plan, options, prompt, interrupts);
    if (inputs === undefined) return exit.interrupted;
    return await Promise.race([interrupts.again, start()]);

    async function start(): Promise<ExitCode> {
      const view = viewFor(context, options.json);
      const ephemeral = options.ephemeral || config.engine.kind === 'in-process';
      const company =
        prompt === undefined
          ? undefined
          : accompany(prompt, context, view, [`plan     ${refOf(plan)}`, ...inputLines(inputs as JsonObject)], !ephemeral);
      const decide = company === undefined ? undefined : async (question: PendingDecision) => given(await company.desk.answer(question));
      const { runner, close } = await open(context, config, {
        ephemeral,
        report: (text) => view.note(text),
        ...(decide ? { decide } : {}),
      });
      try {
        if (interrupts.first !== undefined) return exitOf(interrupts.first);
        const runId = options.runId ?? randomUUID();
        const startedAt = Date.now();
        const unsubscribe = showEvents(runner, runId, view);
        view.started({ runId, plan });
        const initiator = { id: config.identity.user, roles: config.identity.roles };
        const handle = await runner.start({ plan, inputs: inputs as JsonObject, initiator, runId });
        const followed = await follow({
          runner,
          handle,
          view,
          interrupts,
          ...(company ? { company } : {}),
          decideCommand: (verb, question) => commandLine(context, [verb, runId, '--role', question.role]),
        });
        unsubscribe();
        if ('result' in followed && followed.result.planDigest !== digest) throw otherRun(runId, followed.result.planDigest);
        return conclude(followed, view, runId, startedAt, context);
      } finally {
        view.close();
        await close();
      }
    }
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** In this process nobody else can decide: a question that was not answered is refused. */
function given(answer: DeskAnswer): DecisionInput | undefined {
  return typeof answer === 'string' ? undefined : answer;
}

/** Inputs from the command line, and from the person at the terminal what is missing; undefined after Ctrl-C. */
async function collectInputs(
  context: Context,
  plan: Plan,
  options: InputOptions,
  prompt: Prompt | undefined,
  interrupts: Interrupts,
): Promise<JsonObject | undefined> {
  const given = await readInputs(options, plan.inputs, context.io);
  const asked =
    prompt === undefined ? given : await Promise.race([askInputs(given, plan.inputs, prompt, context.terminal.out), firstOf(interrupts)]);
  return asked === undefined ? undefined : checkInputs(asked, plan);
}

function firstOf(interrupts: Interrupts): Promise<undefined> {
  return new Promise((resolve) => interrupts.on(() => resolve(undefined)));
}

/** The view that suits the reader. */
export function viewFor({ terminal }: Pick<Context, 'terminal'>, json: boolean | undefined): RunView {
  if (json) return jsonView(terminal);
  return terminal.out.isTTY ? liveView(terminal) : lineView(terminal);
}

/** A person at the terminal, as far as a run needs one. */
export function accompany(
  prompt: Prompt,
  { terminal }: Pick<Context, 'terminal'>,
  view: RunView,
  subject: string[],
  canWait: boolean,
): Company {
  return { prompt, desk: new DecisionDesk({ prompt, out: terminal.out, view, subject, canWait }) };
}

/** Shows the events of one run, each once: a replay publishes the same ones again. */
export function showEvents(runner: Runner, runId: string, view: RunView): () => void {
  const seen = new Set<string>();
  return runner.onEvent((event) => {
    if (event.subject !== runId || seen.has(event.id)) return;
    seen.add(event.id);
    view.event(event);
  });
}

/** Shows how it ended, or how to come back to it. */
export function conclude(followed: Followed, view: RunView, runId: string, startedAt: number, context: Context): ExitCode {
  if ('left' in followed) {
    view.note(`run ${runId} is not finished. It goes on while a worker is up: ${commandLine(context, ['up'])}`);
    view.note(`follow it again:  ${commandLine(context, ['runs', 'attach', runId])}`);
    view.note(`cancel it:        ${commandLine(context, ['runs', 'cancel', runId])}`);
    return exitOf(followed.left);
  }
  view.finished(followed.result, Date.now() - startedAt);
  return followed.signal === undefined ? exitFor(followed.result) : exitOf(followed.signal);
}

function otherRun(runId: string, planDigest: string): CliError {
  return new CliError(`run ${runId} existed already and has run another plan (${planDigest})`, {
    code: 'RUN_ID_TAKEN',
    next: 'choose another --run-id, or leave it out',
  });
}

function exitFor({ status, error }: RunResult): ExitCode {
  if (status === 'succeeded') return exit.ok;
  return status === 'cancelled' || error?.code === 'APPROVAL_REJECTED' || error?.code === 'APPROVAL_EXPIRED' ? exit.stopped : exit.failed;
}
