import { InvalidInputError, type RunContext, sha256Hex } from '@summit/maestro-sdk';
import { withDeadline } from '../connection/deadline.ts';
import { tlsOptions } from '../connection/tls.ts';
import type { Resolve } from '../egress/lookup.ts';
import type { EgressRules } from '../egress/rules.ts';
import { agentFor } from './agent.ts';
import type { Connecting } from './connector.ts';
import { exchange, type Response } from './exchange.ts';
import { interrupted, requestFailure } from './failure.ts';
import type { ConnectionFields } from './fields.ts';
import { type Request, whatOf } from './request.ts';
import { targetUrl } from './target.ts';

/** What a call over HTTP is done with. */
export interface CallOptions extends ConnectionFields {
  /** What its codes begin with. */
  prefix: string;
  /** Undefined where the target is the operator's own word. */
  rules?: EgressRules;
  repeatable: boolean;
  whyNot: string;
  maxRedirects: number;
  headersTimeoutMs?: number;
  /** Whether the target's origin is told which trace the requests are part of. */
  traced?: boolean;
  /** A test's own resolver. */
  resolve?: Resolve;
}

/** Sends requests of one call: with a pooled agent, within one time limit. What reading a body throws is sorted as well. */
export async function withClient<T>(
  ctx: RunContext,
  what: Pick<Request, 'method' | 'url'>,
  options: CallOptions,
  work: (send: (request: Request) => Promise<Response>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { prefix, repeatable, whyNot, maxRedirects, timeoutMs = 30_000, headersTimeoutMs = timeoutMs } = options;
  const connecting = connectingOf(options, what.url);
  const late = () => {
    const message = `${whatOf(what)}: no complete answer within ${timeoutMs} ms`;
    return interrupted(`${prefix}_TIMEOUT`, message, { prefix, what: whatOf(what), repeatable, whyNot });
  };
  return withDeadline(ctx.signal, timeoutMs, late, async (signal) => {
    const pooled = await agentFor(ctx, connecting);
    return pooled.use(signal, async (agent) => {
      try {
        return await work(
          (request) =>
            exchange(agent, request, {
              ...{ prefix, repeatable, whyNot, maxRedirects, headersTimeoutMs, signal },
              ...(options.traced ? { traced: what.url.origin } : {}),
            }),
          signal,
        );
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw requestFailure(error, { prefix, what: whatOf(what), repeatable, whyNot });
      }
    });
  });
}

function connectingOf({ rules, tls, proxy, connectTimeoutMs = 10_000, resolve }: CallOptions, url: URL): Connecting {
  if (tls === false && url.protocol === 'https:')
    throw new InvalidInputError('tls is false, but url begins with https:; the scheme says whether it is encrypted');
  if (proxy !== undefined) targetUrl(proxy.url);
  const options = tlsOptions(tls);
  return {
    connectTimeoutMs,
    ...(rules === undefined ? {} : { rules }),
    ...(options === undefined ? {} : { tls: options }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(resolve === undefined ? {} : { resolve }),
  };
}

/** The idempotency key of a step as a header can carry it. */
export function headerKey(key: string): string {
  return /^[\x21-\x7e]{1,255}$/.test(key) ? key : sha256Hex(key);
}
