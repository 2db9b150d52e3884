import { randomUUID } from 'node:crypto';
import { type Plan, planDigest } from '@summit/maestro-manifest';
import { canonicalJson, type JsonObject } from '@summit/maestro-sdk';
import type { RunDetail, RunRequest } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { inputLines } from '../render/plan.ts';
import { openPrompt, type Prompt } from '../terminal/prompt.ts';
import { asClient, unserved } from './client.ts';
import { exitOf, type Interrupts, watchInterrupts } from './interrupts.ts';
import { sharedEngine } from './open.ts';
import { refOf } from './view.ts';
import { watch } from './watch.ts';

/** How a run is started, whatever it is started from. */
export interface LaunchOptions {
  detach?: boolean;
  ephemeral?: boolean;
  json?: boolean;
  runId?: string;
}

/** What is to be run. */
export interface Launch extends Pick<RunRequest, 'parent' | 'reuse'> {
  plan: Plan;
  dryRun: boolean;
  /** The inputs, bound to their types; undefined when the person who was asked for them has pressed Ctrl-C. */
  inputs(prompt: Prompt | undefined, interrupts: Interrupts): Promise<JsonObject | undefined>;
}

/** Starts a run and shows it to its end, or with `detach` leaves it to a worker. */
export async function launch(context: Context, config: ResolvedConfig, what: Launch, options: LaunchOptions): Promise<ExitCode> {
  if (options.detach) sharedEngine(config);
  const { json, runId = randomUUID() } = options;
  const prompt = context.terminal.interactive && !json ? openPrompt(context.io, context.terminal) : undefined;
  const interrupts = watchInterrupts(context.io);
  const { plan, dryRun, parent, reuse } = what;
  const digest = planDigest(plan);
  const ephemeral = options.ephemeral === true || config.engine.kind === 'in-process';
  try {
    const inputs = await what.inputs(prompt, interrupts);
    if (inputs === undefined) return exitOf(interrupts.first ?? 'SIGINT');
    const request: RunRequest & { runId: string } = {
      plan,
      inputs,
      initiator: { id: config.identity.user, roles: config.identity.roles },
      runId,
      dryRun,
      ...(parent === undefined ? {} : { parent }),
      ...(reuse === undefined ? {} : { reuse }),
      // Where a command is part of a trace, its caller says so with this variable.
      ...(context.io.env.TRACEPARENT ? { traceparent: context.io.env.TRACEPARENT } : {}),
    };
    if (options.detach) return await Promise.race([interrupts.again, detach(context, config, request, digest, json)]);
    return await watch({
      context,
      config,
      runId,
      interrupts,
      prompt,
      json,
      ephemeral,
      plan,
      subject: [
        `plan     ${refOf(plan)}${dryRun ? ' (dry run)' : ''}`,
        ...(parent === undefined ? [] : [`made of  run ${parent}`]),
        ...inputLines(inputs),
      ],
      begin: async (runner) => {
        // An id of its own is nobody else's. Whether a history can be read is no condition for a run to start.
        const before = options.runId === undefined ? undefined : await runner.history?.show(runId).catch(() => undefined);
        if (before !== undefined && ephemeral) throw ephemeralTwice(runId);
        if (before !== undefined) checkSame(before, request, digest);
        return runner.start(request);
      },
      check: (result) => {
        if (result.planDigest !== digest) throw otherRun(runId, `another plan (${result.planDigest})`);
        if ((result.dryRun === true) !== dryRun) throw otherRun(runId, dryRun ? 'the plan, without --dry-run' : 'the plan as a dry run');
      },
    });
  } finally {
    interrupts.release();
    prompt?.close();
  }
}

/** Starts a run and leaves it. Its id alone goes to standard output, what is for people to standard error. */
async function detach(
  context: Context,
  config: ResolvedConfig,
  request: RunRequest & { runId: string },
  digest: string,
  json: boolean | undefined,
): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const { runId, plan, parent } = request;
  const { served, before } = await asClient(context, 'decisions', async (client) => {
    const before = await client.history?.show(runId);
    if (before !== undefined) checkSame(before, request, digest);
    await client.start(request);
    return { served: client.served, before: before?.status };
  });
  if (json) {
    out.line(
      JSON.stringify({
        type: 'detached',
        runId,
        ref: refOf(plan),
        planDigest: digest,
        ...(parent ? { parent } : {}),
        served,
        ...(before ? { before } : {}),
      }),
    );
    return exit.ok;
  }
  out.line(runId);
  if (before !== undefined) {
    err.line(`it was started before, and is ${before}: ${commandLine(context, ['runs', 'attach', runId])}`);
    return exit.ok;
  }
  if (plan.approvals?.required) {
    err.line('it waits for decisions; each is given with:');
    for (const role of plan.approvals.approvers) err.line(`  ${commandLine(context, ['approve', runId, '--role', role])}`);
  }
  err.line(`follow it:  ${commandLine(context, ['runs', 'attach', runId])}`);
  if (!served) err.line(`it is kept, and nothing of it is done yet: ${unserved(context, config)}`);
  return exit.ok;
}

/** The same id is the same run: throws `RUN_ID_TAKEN` where what is asked for now is another. */
function checkSame({ runId, planDigest, inputs }: RunDetail, request: RunRequest, digest: string): void {
  if (planDigest !== undefined && planDigest !== digest) throw otherRun(runId, `another plan (${planDigest})`);
  if (inputs !== undefined && canonicalJson(inputs) !== canonicalJson(request.inputs)) throw otherRun(runId, 'the plan with other inputs');
}

/** The history would have the events of two runs under one id. */
function ephemeralTwice(runId: string): CliError {
  return new CliError(`run ${runId} existed already, and one that lives in a process cannot be gone on with`, {
    code: 'RUN_ID_TAKEN',
    next: 'choose another --run-id, or leave it out',
  });
}

function otherRun(runId: string, what: string): CliError {
  return new CliError(`run ${runId} existed already and has run ${what}`, {
    code: 'RUN_ID_TAKEN',
    next: 'choose another --run-id, or leave it out',
  });
}
