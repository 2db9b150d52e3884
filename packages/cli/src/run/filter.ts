import type { RunFilter, RunState } from '@summit/maestro-worker';
import { durationMs } from '../duration.ts';
import { CliError } from '../errors.ts';

/** Which runs are meant, as options say it. */
export interface FilterOptions {
  status?: RunState[];
  runbook?: string;
  initiator?: string;
  since?: string;
  until?: string;
}

/** The filter that options mean. Throws `USAGE`. */
export function filterOf({ status, runbook, initiator, since, until }: FilterOptions, now = Date.now()): RunFilter {
  return {
    ...(status === undefined ? {} : { status }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(initiator === undefined ? {} : { initiator }),
    ...(since === undefined ? {} : { since: timeOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: timeOf('--until', until, now) }),
  };
}

/** A date (of this machine's time zone where it names none), or a duration before `now`. In milliseconds since the epoch. */
function timeOf(option: string, text: string, now: number): number {
  const duration = durationMs(text);
  if (duration !== undefined) return now - duration;
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    // A date alone would be taken as UTC.
    const time = Date.parse(text.length === 10 ? `${text}T00:00:00` : text.replace(' ', 'T'));
    if (!Number.isNaN(time)) return time;
  }
  throw new CliError(`${option}: "${text}" is neither a duration (30m, 2h, 7d) nor a date (2026-03-01, 2026-03-01T12:00)`, {
    code: 'USAGE',
    next: `write it like ${option} 2h or ${option} 2026-03-01`,
  });
}

/** A duration that an option gives. Throws `USAGE`. */
export function durationOption(option: string, text: string): number {
  const duration = durationMs(text);
  if (duration !== undefined) return duration;
  throw new CliError(`${option}: "${text}" is no duration`, { code: 'USAGE', next: `write it like ${option} 90d, 12h or 30m` });
}
