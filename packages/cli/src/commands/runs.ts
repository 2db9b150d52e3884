import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { elsewhere } from '../run/elsewhere.ts';
import { watchInterrupts } from '../run/interrupts.ts';
import { sharedEngine } from '../run/open.ts';
import { watch } from '../run/watch.ts';
import { openPrompt } from '../terminal/prompt.ts';

/** `maestro runs attach` */
export async function attachRun(context: Context, runId: string, { json }: { json?: boolean }): Promise<ExitCode> {
  const { terminal } = context;
  const config = sharedEngine(await context.config());
  const interrupts = watchInterrupts(context.io);
  const prompt = terminal.interactive && !json ? openPrompt(context.io, terminal) : undefined;
  const subject = [`run      ${runId}`];
  try {
    return await watch({
      context,
      config,
      runId,
      interrupts,
      prompt,
      json,
      ephemeral: false,
      subject,
      begin: (runner) => runner.attach(runId),
    });
  } catch (error) {
    throw await elsewhere(error, context, config, runId);
  } finally {
    interrupts.release();
    prompt?.close();
  }
}
