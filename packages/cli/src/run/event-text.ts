import type { RunEvent } from '@summit/maestro-worker';
import type { Colors } from '../terminal/terminal.ts';
import { count, formatDuration, printable } from '../text.ts';

const LONGEST = 2000;

/** An event as one line for people, without its time; undefined for those that say nothing to them. */
export function eventText(event: RunEvent, { bold, dim, green, red, yellow }: Colors): string | undefined {
  const { data } = event;
  const task = bold(subjectText(data));
  switch (event.type) {
    case 'run.queued':
      return undefined; // Whoever watches a run has started it or asked for it.
    case 'run.awaiting-approval':
      return `${yellow('waits for a decision')} by ${roles(data.pending)}`;
    case 'decision.made': {
      const comment = text(data.comment) === '' ? '' : `: ${text(data.comment)}`;
      const verdict = data.approved === true ? green('approved') : red('rejected');
      return `${verdict} by ${text(data.by)} as ${text(data.role)}${comment}`;
    }
    case 'run.started':
      return `${data.dryRun === true ? 'dry run' : 'run'} started ${dim(text(data.planDigest))}`;
    case 'task.started': {
      const items = typeof data.items === 'number' ? ` for ${count(data.items, 'item')}` : '';
      return `${task} started${items} ${dim(text(data.uses))}`;
    }
    case 'task.attempt-failed': {
      const again = typeof data.retryInMs === 'number' ? `; again in ${formatDuration(data.retryInMs)}` : '';
      const undoing = data.compensation === true ? 'undoing, ' : '';
      return `${task} ${yellow(`${undoing}attempt ${text(data.attempt)} failed`)}: ${failure(data.error)}${again}`;
    }
    case 'task.succeeded': {
      const how = data.previewed === true ? 'previewed' : data.reused === true ? 'taken over' : 'succeeded';
      return `${task} ${green(how)}${data.reused === true ? dim(' from the run before') : ''}`;
    }
    case 'task.failed': {
      if (data.status === 'cancelled') return `${task} ${yellow('cancelled')}`;
      const goesOn = data.continued === true ? `; the run goes on` : '';
      return `${task} ${red('failed')}: ${failure(data.error)}${goesOn}`;
    }
    case 'task.skipped': {
      const why = text(data.message);
      return `${task} ${dim(why === '' ? 'skipped' : `skipped: ${why}`)}`;
    }
    case 'task.previewed':
      return `${task} ${dim('would touch')} ${resources(data.resources)}`;
    case 'task.item-started':
      return undefined; // That it ended says enough, of many.
    case 'task.item-succeeded':
      return `${task} ${green(data.previewed === true ? 'previewed' : 'succeeded')} ${dim(`${text(data.done)} of ${text(data.total)}`)}`;
    case 'task.item-failed':
      if (data.status === 'cancelled') return `${task} ${yellow('cancelled')}`;
      return `${task} ${red('failed')}: ${failure(data.error)} ${dim(`${text(data.done)} of ${text(data.total)}`)}`;
    case 'task.compensating':
      return `${task} ${yellow('undoing')} ${dim(text(data.uses))}`;
    case 'task.compensated':
      return `${task} ${yellow('undone')}`;
    case 'task.compensation-failed':
      return `${task} ${red('could not be undone')}: ${failure(data.error)}`;
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

/** `deploy`, or `deploy[3]` for an item of it. */
export function subjectText({ task, item }: { task?: unknown; item?: unknown }): string {
  return typeof item === 'number' ? `${text(task)}[${item}]` : text(task);
}

function resources(named: unknown): string {
  if (!Array.isArray(named) || named.length === 0) return 'nothing it names';
  return named.map((resource: { type?: unknown; id?: unknown } | null) => `${text(resource?.type)} ${text(resource?.id)}`).join(', ');
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
