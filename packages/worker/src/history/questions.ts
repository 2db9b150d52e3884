import { nameOf } from '../interpreter/subject.ts';
import type { PendingDecision, RunEvent } from '../run.ts';

/** Types of the events that open a question to people, answer one, or end the attempt that asked. */
export const QUESTION_EVENTS = [
  'run.awaiting-approval',
  'decision.made',
  'run.started',
  'run.finished',
  'task.attempt-failed',
  'task.failed',
  'task.item-failed',
  'task.succeeded',
  'task.item-succeeded',
  'task.compensated',
  'task.compensation-failed',
] as const satisfies RunEvent['type'][];

/** What people are still asked, given all events of {@link QUESTION_EVENTS} that are known of a run, in any order. */
export function openQuestions(events: readonly Pick<RunEvent, 'type' | 'data'>[]): PendingDecision[] {
  const asked = new Map<string, { pending: PendingDecision[]; needed: number }>();
  const answered = new Map<string, Set<string>>();
  /** Questions' names, or of attempts' the part before the slash, that nobody has to answer any more. */
  const over = new Set<string>();
  for (const { type, data } of events) {
    const name = String(data.name);
    if (type === 'run.awaiting-approval') {
      asked.set(name, { pending: data.pending as unknown as PendingDecision[], needed: Number(data.needed) });
    } else if (type === 'decision.made') {
      const roles = answered.get(name) ?? new Set();
      answered.set(name, roles.add(String(data.role)));
      if (data.approved !== true) over.add(name);
    } else if (type === 'run.finished') return [];
    else if (type === 'run.started') over.add('approval');
    else over.add(attemptOf(type, data));
  }
  const open: PendingDecision[] = [];
  for (const name of [...asked.keys()].sort()) {
    const { pending, needed } = asked.get(name) as { pending: PendingDecision[]; needed: number };
    const roles = answered.get(name);
    const ended = over.has(name) || over.has(name.slice(0, Math.max(0, name.lastIndexOf('/decision'))));
    if (ended || (roles?.size ?? 0) >= needed) continue;
    open.push(...pending.filter((question) => question.name === name && !roles?.has(question.role)));
  }
  return open;
}

/** `gate#2`: the attempt that an event says the end of, as it is named in the names of its questions. */
function attemptOf(type: RunEvent['type'], data: RunEvent['data']): string {
  const subject = {
    task: String(data.task),
    ...(typeof data.item === 'number' ? { item: data.item } : {}),
    ...(data.compensation === true || type.startsWith('task.compensat') ? { compensation: true as const } : {}),
  };
  return `${nameOf(subject)}#${String(type === 'task.attempt-failed' ? data.attempt : data.attempts)}`;
}
