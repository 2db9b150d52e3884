import type { CompensationRecord } from '../run.ts';
import type { Frame } from './activity.ts';
import { eventError } from './outcome.ts';
import { Pump } from './pump.ts';
import { subjectData } from './subject.ts';
import type { Undo } from './undo.ts';

/**
 * Undoes executions one after the other, the last that was completed first. One that fails for good is recorded, and the
 * others still run; nothing stops it, a cancel neither.
 */
export class Compensations {
  readonly #frame: Frame;
  readonly #stack: Undo[] = [];

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  push(undo: readonly Undo[]): void {
    for (const one of undo) this.#stack.push(one);
  }

  /** What has not been undone, in order of completion. */
  get left(): Undo[] {
    return this.#stack;
  }

  /** `onDone` is called once, when nothing is left. */
  undo(onDone: () => Promise<void>): Promise<void> {
    let busy = false;
    let done = false;
    const pump = new Pump(async () => {
      if (busy || done) return;
      const next = this.#stack.pop();
      if (next === undefined) {
        done = true;
        return onDone();
      }
      busy = true;
      await this.#begin(next, () => {
        busy = false;
        return pump.run();
      });
    });
    return pump.run();
  }

  #begin({ call, pool, subject, workflow, scope }: Undo, onEnd: () => Promise<void>): Promise<void> {
    const { events, ledger } = this.#frame;
    const { task, item } = subject;
    const uses = `${call.uses.name}@${call.uses.version}`;
    const of = subjectData({ task, ...(item === undefined ? {} : { item }) });
    events.emit('task.compensating', { ...of, uses });
    const activity = this.#frame.activity({
      call,
      ...(pool === undefined ? {} : { pool }),
      subject: { ...subject, compensation: true },
      workflow,
      scope: scope(),
      mayStart: () => true,
      onEnd: (ending) => {
        const record: CompensationRecord = { task, uses, status: 'compensated', attempts: ending.attempts };
        if (item !== undefined) record.item = item;
        if (ending.status === 'succeeded') events.emit('task.compensated', { ...of, attempts: ending.attempts });
        else {
          record.status = 'failed';
          record.error = ending.error;
          events.emit('task.compensation-failed', { ...of, attempts: ending.attempts, error: eventError(ending.error) });
        }
        ledger.compensations.push(...ledger.keep([record]));
        return onEnd();
      },
    });
    return activity.start();
  }
}
