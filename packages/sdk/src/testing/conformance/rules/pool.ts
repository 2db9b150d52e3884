import { call, execute } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { errorOf, outcomeText } from '../words.ts';

/** Clients are shared between calls, close when they are told to, and nothing stays open. */
export function poolCases(subject: Subject): ConformanceCase[] {
  const { label } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'pool', message, cause);
  return [
    {
      task: label,
      rule: 'pool',
      name: 'shares its clients between calls, and leaves nothing open',
      async run() {
        let keys: string[] = [];
        const seen = await call(subject, {
          rule: 'pool',
          async drive(ctx, payload) {
            await execute(subject, ctx, structuredClone(payload));
            keys = ctx.pooled.map(({ key }) => key);
            // The second call may fail (what it makes is there already); the clients it takes are what counts.
            await execute(subject, ctx, structuredClone(payload)).catch(() => {});
          },
        });
        const { outcome, context, closeError, leftOpen } = seen;
        if (outcome === 'hung' || !outcome.ok)
          throw fail(`cannot be checked: the call ${outcomeText(outcome, subject.timeoutMs)}`, errorOf(outcome));
        const added = context.pooled.filter(({ key }) => !keys.includes(key));
        if (added.length > 0) {
          throw fail(
            `took another client for the same call: pool keys ${[...keys, ...added.map(({ key }) => key)].join(', ')}; make the key from the connection alone`,
          );
        }
        if (closeError !== undefined) throw fail(closeError instanceof Error ? closeError.message : String(closeError), closeError);
        if (leftOpen.length > 0) {
          throw fail(
            `left something open: ${leftOpen.join(', ')}; take clients from ctx.pool and close them in its close, everything else in finally`,
          );
        }
      },
    },
  ];
}
