import { CancelledError, type Context, RestatePromise, service, TerminalError } from '@restatedev/restate-sdk';
import { RunCancelled } from '../../interpreter/durable.ts';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { failure, type Outcome } from '../../interpreter/outcome.ts';
import { attemptOf, type PoolCall } from '../../interpreter/pool-call.ts';
import { ABORT_TIMEOUT_MS, attemptOptions, type ServiceOptions } from './service.ts';
import { POOL_HANDLER, poolServiceName } from './service-name.ts';

/**
 * The service of a pool: executes one attempt and returns its outcome as a value, so that retrying it stays with the run. An attempt
 * whose worker dies is executed again, by another one, with the same number and idempotency key.
 * Its events go to `sink`, as often as it is executed; they have the same ids each time.
 */
export function poolService(pool: string, host: TaskHost, sink: EventSink, serviceOptions: ServiceOptions) {
  const { check, pending, metadata } = serviceOptions;
  return service({
    name: poolServiceName(pool),
    handlers: {
      [POOL_HANDLER]: async (context: Context, call: PoolCall): Promise<Outcome> => {
        check?.(context);
        if (typeof call?.run?.runId !== 'string' || typeof call.attempt !== 'number') {
          throw new TerminalError('attempts are sent to a pool by the workers that walk runs');
        }
        // Told as pending until the engine has it: the answer is written after this returns.
        pending?.add(1);
        context.request().attemptCompletedSignal.addEventListener('abort', () => pending?.add(-1), { once: true });
        const outcome = await execute(context, pool, host, sink, call);
        // An attempt that the engine calls ended is never executed again: what it published has to be safe by then.
        await sink.flush?.();
        return outcome;
      },
    },
    // Nobody but a run has attempts executed.
    // Never put to rest: it would hear of no cancel, and is no smaller while its attempt is on.
    options: { ...attemptOptions({ ...serviceOptions, inactivityMs: ABORT_TIMEOUT_MS }), ingressPrivate: true },
    ...(metadata === undefined ? {} : { metadata }),
  });
}

async function execute(context: Context, pool: string, host: TaskHost, sink: EventSink, call: PoolCall): Promise<Outcome> {
  const cancelled = new AbortController();
  const attempt = { ...attemptOf(call, cancelled.signal), emit: sink };
  if (host.traits(attempt.call) === undefined) {
    const { name, version } = call.call.uses;
    const message = `pool ${pool} is served by a worker without ${name}@${version} of the contract that the run was checked against; install it there, or start a worker that has it`;
    // Another version of the pool's workers may be on its way.
    return failure('TASK_NOT_INSTALLED', message, { retryable: true });
  }
  let begun = false;
  const step = context.run('attempt', () => {
    begun = true;
    return host.execute(attempt);
  });
  for (;;) {
    try {
      return await RestatePromise.race([step]);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
      const reason = new RunCancelled();
      cancelled.abort(reason);
      // The run may be over by now: what it has not begun, it must not begin.
      if (!begun) return failure('RUN_CANCELLED', reason.message);
    }
  }
}
