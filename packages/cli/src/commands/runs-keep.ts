import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { History, RunFilter } from '@summit/maestro-worker';
import type { Context } from '../context.ts';
import { CliError, systemReason } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { durationOption, type FilterOptions, filterOf } from '../run/filter.ts';
import { withHistory } from '../run/past.ts';
import { localTime } from '../run/summary-text.ts';
import { unknownRun } from '../run/unknown-run.ts';
import { count } from '../text.ts';

export interface ExportOptions extends FilterOptions {
  output?: string;
}

/** `maestro runs export` */
export async function exportRuns(context: Context, runIds: readonly string[], { output, ...options }: ExportOptions): Promise<ExitCode> {
  const { terminal, io } = context;
  const filter: RunFilter = { ...filterOf(options), ...(runIds.length === 0 ? {} : { runIds }) };
  return withHistory(await context.config(), async (history) => {
    const there = new Set((await history.list({ runIds, limit: runIds.length })).map(({ runId }) => runId));
    const unknown = runIds.find((runId) => !there.has(runId));
    if (unknown !== undefined) throw unknownRun(context, unknown);
    if (output === undefined) {
      for await (const event of history.export(filter)) {
        terminal.out.line(JSON.stringify(event));
        await terminal.flush();
      }
      return exit.ok;
    }
    const events = await writeEvents(history, filter, path.resolve(io.cwd, output));
    terminal.err.line(`${count(events, 'event')} in ${output}`);
    return exit.ok;
  });
}

/** Writes events to a file, which is there when all of them are in it. Throws `WRITE_FAILED`. */
async function writeEvents(history: History, filter: RunFilter, file: string): Promise<number> {
  const partial = `${file}.part`;
  let events = 0;
  const lines = async function* () {
    for await (const event of history.export(filter)) {
      events += 1;
      yield `${JSON.stringify(event)}\n`;
    }
  };
  try {
    await pipeline(Readable.from(lines()), createWriteStream(partial));
    await rename(partial, file);
    return events;
  } catch (cause) {
    await rm(partial, { force: true });
    if (cause instanceof Error && 'code' in cause && String(cause.code).startsWith('HISTORY_')) throw cause;
    throw new CliError(`cannot write ${file}: ${systemReason(cause)}`, {
      code: 'WRITE_FAILED',
      next: 'name another file with --output',
      cause,
    });
  }
}

export interface PruneOptions {
  olderThan: string;
  dryRun?: boolean;
}

/** `maestro runs prune` */
export async function pruneRuns(context: Context, { olderThan, dryRun = false }: PruneOptions): Promise<ExitCode> {
  const before = Date.now() - durationOption('--older-than', olderThan);
  const { runs, events } = await withHistory(await context.config(), (history) => history.prune({ before, dryRun }));
  const what = `${count(runs, 'run')} with ${count(events, 'event')}, ended before ${localTime(new Date(before).toISOString())}`;
  context.terminal.out.line(dryRun ? `would be forgotten: ${what}` : `forgotten: ${what}`);
  return exit.ok;
}
