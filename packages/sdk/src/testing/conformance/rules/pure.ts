import { isDeepStrictEqual } from 'node:util';
import { pureContext } from '../../../pure-context.ts';
import { call, execute } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { errorOf, outcomeText, show } from '../words.ts';

/** A call that its task calls pure gives the same twice, and with nothing of a context that may be another the second time. */
export function pureCases(subject: Subject): ConformanceCase[] {
  const { label, task } = subject;
  if (typeof task.pure !== 'function') return [];
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'pure', message, cause);
  return [
    {
      task: label,
      rule: 'pure',
      name: 'gives the same for the same payload, of the payload alone, where it says that it is pure',
      async run() {
        const payloads = task.examples.map(({ input }) => input).filter((input) => task.pure?.(structuredClone(input)) === true);
        if (payloads.length === 0) throw fail('cannot be checked: its `pure` is true for the input of none of its examples; give one');
        for (const payload of payloads) {
          const [first, second] = [await outcomeOf(payload), await outcomeOf(payload)];
          if (!isDeepStrictEqual(first, second)) throw fail(`gave ${show(first)} and then ${show(second)} for ${show(payload)}`);
        }
      },
    },
  ];

  /** What comes of one call; a failure in words, because that is what is compared. */
  async function outcomeOf(payload: unknown): Promise<unknown> {
    const { outcome } = await call(subject, {
      rule: 'pure',
      payload: () => structuredClone(payload),
      drive: (ctx, completed) => execute(subject, pureContext(ctx) as typeof ctx, completed),
    });
    if (outcome === 'hung') throw fail(outcomeText(outcome, subject.timeoutMs));
    if (outcome.ok) return outcome.output;
    const { code, message } = outcome.error as { code?: unknown; message?: unknown };
    if (code === 'TASK_NOT_PURE') throw fail(String(message), errorOf(outcome));
    return { failed: code, message };
  }
}
