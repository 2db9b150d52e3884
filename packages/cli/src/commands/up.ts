import type { RunEvent } from '@summit/maestro-worker';
import { commandLine } from '../command-line.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { eventText, failure } from '../run/event-text.ts';
import { EventFeed } from '../run/feed.ts';
import { type Interrupts, watchInterrupts } from '../run/interrupts.ts';
import { open, sharedEngine } from '../run/open.ts';
import { problemLines } from '../run/problem-text.ts';
import type { Channel } from '../terminal/terminal.ts';
import { count, printable } from '../text.ts';

/** `maestro up`: a worker until Ctrl-C. A second one does not wait for attempts that are on. */
export async function up(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const interrupts = watchInterrupts(context.io);
  try {
    return await Promise.race([interrupts.again, serve(context, options, interrupts)]);
  } finally {
    interrupts.release();
  }
}

async function serve(context: Context, options: { json?: boolean }, interrupts: Interrupts): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const say = (text: string) => (options.json ? err : out).line(text);
  const config = sharedEngine(await context.config());
  if (config.engine.kind === 'remote') {
    throw new CliError('the configured engine is a Restate server that somebody else runs: there is nothing to start here but a worker', {
      code: 'ENGINE_SHARED',
      next: 'join it with: maestro worker',
    });
  }
  const feed = new EventFeed();
  feed.listen((event) => {
    if (options.json) out.line(JSON.stringify(event));
    else showEvent(event, out);
    if (event.type === 'run.awaiting-approval') announce(context, event, say);
  });
  const { runner, close } = await open(context, config, { onEvent: feed.push, report: (text) => err.line(text) });
  try {
    const active = await runner.active();
    say(`up: ${config.engine.kind} engine, ${count(active.length, 'unfinished run')}; Ctrl-C stops, runs go on at the next start`);
    for (const run of active) {
      const waits = run.pending.length === 0 ? '' : `, waits for ${printable(run.pending.map(({ role }) => role).join(', '))}`;
      say(`  ${run.runId}  ${run.state}${waits}`);
      for (const line of problemLines(context, run)) say(`    ${line}`);
    }
    feed.flow();
    await new Promise<void>((resolve) => interrupts.on(() => resolve()));
    say('stopping: waiting for attempts that are on; Ctrl-C again to quit at once');
  } finally {
    await close();
  }
  return exit.ok;
}

/** One line for an event, where it is worth one. */
export function showEvent(event: RunEvent, out: Channel): void {
  const { dim, bold, green, red } = out.colors;
  const prefix = `${dim(new Date(event.time).toTimeString().slice(0, 8))} ${event.subject}`;
  if (event.type === 'run.finished') {
    const { status, error } = event.data;
    out.line(
      `${prefix} ${bold(status === 'succeeded' ? green('succeeded') : red(String(status)))}${error === undefined ? '' : ` ${failure(error)}`}`,
    );
    return;
  }
  const text = eventText(event, out.colors);
  if (text !== undefined) out.line(`${prefix} ${text}`);
}

function announce(context: Context, event: RunEvent, say: (text: string) => void): void {
  for (const { role } of event.data.pending as unknown as { role: string }[]) {
    say(`  ${commandLine(context, ['approve', event.subject, '--role', role])}`);
  }
}
