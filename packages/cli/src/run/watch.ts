import type { Plan } from '@summit/maestro-manifest';
import type { DecisionInput, PendingDecision, RunHandle, RunResult } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import type { Prompt } from '../terminal/prompt.ts';
import { DecisionDesk, type DeskAnswer } from './decision-desk.ts';
import { exitFor } from './exit-for.ts';
import { EventFeed } from './feed.ts';
import { type Followed, follow } from './follow.ts';
import { HistoryTail } from './history-tail.ts';
import { exitOf, type Interrupts } from './interrupts.ts';
import { jsonView } from './json-view.ts';
import { lineView } from './line-view.ts';
import { liveView } from './live-view.ts';
import { type OpenedControl, openControl } from './open.ts';
import { problemLines } from './problem-text.ts';
import type { RunView } from './view.ts';

/** A run to be shown from its start, or from now on, to its end. */
export interface WatchOptions {
  context: Context;
  config: ResolvedConfig;
  runId: string;
  interrupts: Interrupts;
  /** Present when somebody sits at a terminal. */
  prompt: Prompt | undefined;
  json: boolean | undefined;
  /** The run lives in this process only. */
  ephemeral: boolean;
  /** Absent for a run that was started elsewhere. */
  plan?: Plan;
  /** What an approver at this terminal is shown. */
  subject: string[];
  /** Starts the run, or finds it. */
  begin(runner: OpenedControl['runner']): Promise<RunHandle>;
  /** Throws when the result is not of the run that was meant. */
  check?(result: RunResult): void;
}

/** Opens the engine, shows a run until it ends or is left, and closes the engine. A second Ctrl-C ends it at once. */
export function watch(options: WatchOptions): Promise<ExitCode> {
  return Promise.race([options.interrupts.again, watchToEnd(options)]);
}

async function watchToEnd(options: WatchOptions): Promise<ExitCode> {
  const { context, config, runId, interrupts, prompt, ephemeral, subject } = options;
  const { out } = context.terminal;
  const view = viewFor(context, options.json);
  const desk = prompt === undefined ? undefined : new DecisionDesk({ prompt, out, view, subject, canWait: !ephemeral });
  const feed = new EventFeed(runId);
  const { runner, close } = await openControl(context, config, {
    ephemeral,
    onEvent: feed.push,
    report: (text) => view.note(text),
    ...(desk ? { decide: async (question: PendingDecision) => decisionOf(await desk.answer(question)) } : {}),
  });
  let tail: HistoryTail | undefined;
  try {
    if (interrupts.first !== undefined) return exitOf(interrupts.first);
    // Of a run that was started elsewhere the start was not seen.
    const startedAt = options.plan === undefined ? undefined : performance.now();
    feed.listen((event) => view.event(event));
    const handle = await options.begin(runner);
    view.started(options.plan === undefined ? { runId } : { runId, plan: options.plan });
    tail = runner.history === undefined || ephemeral ? undefined : new HistoryTail(runner.history, runId, feed.past);
    await tail?.catchUp();
    tail?.follow();
    const followed = await follow({
      runner,
      handle,
      feed,
      view,
      interrupts,
      ...(prompt && desk ? { company: { prompt, desk } } : {}),
      problem: (run) => problemLines(context, run),
      decideCommand: (verb, question) => commandLine(context, [verb, runId, '--role', question.role]),
    });
    // What was recorded last may not have been read yet.
    if ('result' in followed) await tail?.catchUp().catch(() => {});
    if ('result' in followed) options.check?.(followed.result);
    return conclude(followed, view, runId, startedAt, context);
  } finally {
    await tail?.close();
    view.close();
    await close();
  }
}

/** The view that suits the reader. */
function viewFor({ terminal }: Context, json: boolean | undefined): RunView {
  if (json) return jsonView(terminal);
  return terminal.out.isTTY ? liveView(terminal) : lineView(terminal);
}

/** In this process nobody else can decide: a question that was not answered is refused. */
function decisionOf(answer: DeskAnswer): DecisionInput | undefined {
  return typeof answer === 'string' ? undefined : answer;
}

/** Shows how it ended, or how to come back to it. */
function conclude(followed: Followed, view: RunView, runId: string, startedAt: number | undefined, context: Context): ExitCode {
  if ('left' in followed) {
    view.note(`run ${runId} is not finished. It goes on while a worker is up: ${commandLine(context, ['up'])}`);
    view.note(`follow it again:  ${commandLine(context, ['runs', 'attach', runId])}`);
    view.note(`cancel it:        ${commandLine(context, ['runs', 'cancel', runId])}`);
    return exitOf(followed.left);
  }
  view.finished(followed.result, startedAt === undefined ? undefined : performance.now() - startedAt);
  return followed.signal === undefined ? exitFor(followed.result) : exitOf(followed.signal);
}
