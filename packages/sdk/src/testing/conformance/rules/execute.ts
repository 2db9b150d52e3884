import { call, execute } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { asJson, notJson } from '../plain.ts';
import { validatorsOf } from '../schemas.ts';
import { errorOf, outcomeText, show } from '../words.ts';

/** Outputs up to this many bytes of JSON are carried inline; above it a task writes an artifact. */
const INLINE_LIMIT = 256 * 1024;

/** An ordinary call succeeds, and what it resolves to is what the task declares. */
export function executeCases(subject: Subject): ConformanceCase[] {
  const { label, task } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'execute', message, cause);
  return [
    {
      task: label,
      rule: 'execute',
      name: 'resolves to what its output schema says, and leaves its input alone',
      async run() {
        const { outcome, payload, payloadChanged } = await call(subject, { rule: 'execute' });
        if (outcome === 'hung' || !outcome.ok) throw fail(outcomeText(outcome, subject.timeoutMs), errorOf(outcome));
        if (outcome.output === undefined) throw fail('resolved to nothing; expected { payload }');
        const odd = notJson(outcome.output);
        if (odd !== undefined) throw fail(`resolved to something that is no JSON: ${odd}`);
        const output = asJson(outcome.output);
        const size = Buffer.byteLength(JSON.stringify(output));
        if (size > INLINE_LIMIT) throw fail(`resolved to ${size} bytes; above ${INLINE_LIMIT} write an artifact`);
        const problem = validatorsOf(subject).outputProblem(output, payload);
        if (problem !== undefined) throw fail(`output does not fit the output schema: ${problem}`);
        if (payloadChanged) throw fail(`changed its input, which the run's proof is made from; it is now ${show(payload)}`);
      },
    },
    {
      task: label,
      rule: 'execute',
      name: 'names the resources it will touch without touching them',
      async run() {
        const { outcome } = await call(subject, { rule: 'execute', drive: async (_, payload) => task.resources?.(payload) ?? [] });
        if (outcome === 'hung' || !outcome.ok) throw fail(`resources ${outcomeText(outcome, subject.timeoutMs)}`, errorOf(outcome));
        const named = (each: unknown) => {
          const { type, id } = (each ?? {}) as { type?: unknown; id?: unknown };
          return typeof type === 'string' && type !== '' && typeof id === 'string' && id !== '';
        };
        if (!Array.isArray(outcome.output) || !outcome.output.every(named)) {
          throw fail(`resources: expected a list of { type, id }, found ${show(outcome.output)}`);
        }
      },
    },
    {
      task: label,
      rule: 'bare-context',
      name: 'can be called with an empty context',
      async run() {
        const bare = async (ctx: Parameters<typeof execute>[1], payload: unknown) => {
          const { workspace, artifacts, pool, sleep } = ctx;
          // Not quite empty: what is left behind must be removable, and a night must not be slept through.
          return execute(subject, { workspace, artifacts, pool, sleep } as typeof ctx, payload);
        };
        const { outcome } = await call(subject, { rule: 'bare-context', drive: bare });
        const error = errorOf(outcome);
        if (outcome === 'hung' || (!outcome.ok && !(error instanceof Error))) {
          throw new ConformanceError(label, 'bare-context', outcomeText(outcome, subject.timeoutMs), error);
        }
        if (error instanceof TypeError || error instanceof ReferenceError) {
          throw new ConformanceError(
            label,
            'bare-context',
            `${outcomeText(outcome, subject.timeoutMs)}; begin execute with createRunContext(ctx), which fills the gaps`,
            error,
          );
        }
      },
    },
  ];
}
