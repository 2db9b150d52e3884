import type { RunEvent } from '@summit/maestro-worker';
import type { Colors } from '../terminal/terminal.ts';
import { formatDuration, printable } from '../text.ts';

const LONGEST = 2000;

/** An event as one line for people, without its time; undefined for those that say nothing to them. */
export function eventText(event: RunEvent, { bold, dim, green, red, yellow }: Colors): string | undefined {
  const { data } = event;
  const task = bold(text(data.task));
  switch (event.type) {
    case 'run.awaiting-approval':
      return `${yellow('waits for a decision')} by ${roles(data.pending)}`;
    case 'decision.made': {
      const comment = text(data.comment) === '' ? '' : `: ${text(data.comment)}`;
      const verdict = data.approved === true ? green('approved') : red('rejected');
      return `${verdict} by ${text(data.by)} as ${text(data.role)}${comment}`;
    }
    case 'run.started':
      return `run started ${dim(text(data.planDigest))}`;
    case 'task.started':
      return `${task} started ${dim(text(data.uses))}`;
    case 'task.attempt-failed': {
      const again = typeof data.retryInMs === 'number' ? `; again in ${formatDuration(data.retryInMs)}` : '';
      return `${task} ${yellow(`attempt ${text(data.attempt)} failed`)}: ${failure(data.error)}${again}`;
    }
    case 'task.succeeded':
      return `${task} ${green('succeeded')}`;
    case 'task.failed':
      return data.status === 'cancelled' ? `${task} ${yellow('cancelled')}` : `${task} ${red('failed')}: ${failure(data.error)}`;
    case 'task.skipped':
      return `${task} ${dim('skipped')}`;
    case 'task.log': {
      const fields = data.fields === undefined ? '' : ` ${dim(json(data.fields))}`;
      return `${task} ${data.level === 'error' ? red('error:') : dim('|')} ${text(data.message)}${fields}`;
    }
    case 'task.event':
      return `${task} ${text(data.event)} ${dim(json(data.payload))}`;
    case 'run.finished':
      return undefined; // The result says it, with more.
    default:
      return event.type;
  }
}

/** `CODE: message` of an error that an event or a result carries; further lines of the message are indented. */
export function failure(error: unknown): string {
  if (typeof error !== 'object' || error === null) return text(error);
  const { code, message } = error as { code?: unknown; message?: unknown };
  return `${text(code)}: ${text(message).replaceAll('\n', '\n    ')}`;
}

function roles(pending: unknown): string {
  if (!Array.isArray(pending)) return '';
  return pending.map((question) => text((question as { role?: unknown } | null)?.role)).join(', ');
}

function json(value: unknown): string {
  return text(JSON.stringify(value));
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  const all = typeof value === 'string' ? value : String(value);
  return printable(all.length > LONGEST ? `${all.slice(0, LONGEST)}...` : all);
}
