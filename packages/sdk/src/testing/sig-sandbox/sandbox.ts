import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { PolicyDecision, PolicyRequest } from '../../policy.ts';
import { type ExportScript, Exports } from './exports.ts';
import { Faults, type SigFault, type SigFaultOptions } from './faults.ts';
import { type Answer, answer, routeOf, type SandboxState, spoilt } from './handlers.ts';
import { checkToken } from './headers.ts';
import { Idempotency } from './idempotency.ts';
import { type SigBatch, type SigCounts, SigRecords, type SigRequest } from './records.ts';
import { Refusal } from './refusal.ts';

export interface SigSandboxOptions {
  /** Default 0: one that is free. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** What requests must carry as bearer token; without it they need none. */
  token?: string;
  /** Serves https with this certificate and key, as PEM. */
  tls?: { cert: string; key: string };
  /** Items in a batch at most; default 1,000. */
  maxBatchItems?: number;
  /** Bytes of a body at most; default 8 MiB. */
  maxBodyBytes?: number;
  /** false: what comes in is counted and not kept, so that memory does not depend on it. Default true. */
  keep?: boolean;
  /** How many idempotency keys are remembered; default 10,000, and 64 with `keep: false`. */
  rememberedKeys?: number;
  /** Faults that wait from the start, as `inject` takes them. */
  faults?: readonly (SigFault & SigFaultOptions)[];
  /** How exports go. */
  exports?: ExportScript;
  /** Decides policy requests; by default all are allowed. */
  policy?(request: PolicyRequest): PolicyDecision | Promise<PolicyDecision>;
}

/** A stand-in for SIG that runs in this process. */
export interface SigSandbox extends AsyncDisposable {
  /** Without a slash at its end: the `endpoint` of `sig.*`, and the base of a policy client. */
  readonly url: string;
  readonly port: number;
  /** What was sent, in the order it came; empty with `keep: false`. */
  readonly requests: readonly SigRequest[];
  /** The batches that were taken; one that was sent again with the same key is there once. */
  readonly batches: readonly SigBatch[];
  /** The items that were taken, by id. */
  readonly items: ReadonlyMap<string, { id: string; payload: unknown; hash: string; jobId: string }>;
  /** How often each item was taken, by id: 1 means exactly once. */
  readonly effects: ReadonlyMap<string, number>;
  readonly counts: Readonly<SigCounts>;
  /** How many exports were begun. */
  readonly exportCount: number;
  /** Lets something go wrong with requests to come. */
  inject(fault: SigFault, options?: SigFaultOptions): void;
  /** Forgets faults that have not happened yet. */
  clearFaults(): void;
  /** How exports go from now on. */
  scriptExports(script: ExportScript): void;
  /** Stops, and cuts every connection. */
  close(): Promise<void>;
}

/**
 * Starts a server that answers as SIG does: `POST /ingest/batch`, `POST /exports/request`, `GET /exports/{id}`, `GET /exports/{id}/bundle` and
 * `POST /policy/evaluate`. It is strict: what does not keep to the contract is answered with a status and `{ error: { code, message } }` that says
 * what is wrong. A request with an `Idempotency-Key` that is known is answered as the first time, without another effect, with
 * `Idempotency-Replayed: true`; the key with another body is refused.
 */
export async function startSigSandbox(options: SigSandboxOptions = {}): Promise<SigSandbox> {
  const { port = 0, host = '127.0.0.1', token, tls, keep = true } = options;
  const records = new SigRecords(keep);
  const faults = new Faults();
  for (const each of options.faults ?? []) faults.add(each, each);
  const state: SandboxState = {
    records,
    exports: new Exports(() => records.items.values(), options.exports ?? {}),
    idempotency: new Idempotency(options.rememberedKeys ?? (keep ? 10_000 : 64)),
    maxBatchItems: options.maxBatchItems ?? 1_000,
    maxBodyBytes: options.maxBodyBytes ?? 8 * 1024 * 1024,
    decide: options.policy ?? (() => ({ decision: 'allow' })),
  };
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    let status = 0;
    try {
      status = await respond(state, faults, token, request, response);
    } finally {
      records.request({ method, path: url, headers: headers as Record<string, string>, status });
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A client that hangs up in the middle of its request is none of the server's failures.
    onRequest(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.keepAliveTimeout = 30_000;
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    requests: records.requests,
    batches: records.batches,
    items: records.items,
    effects: records.effects,
    counts: records.counts,
    get exportCount() {
      return state.exports.size;
    },
    inject: (fault, to) => faults.add(fault, to),
    clearFaults: () => faults.clear(),
    scriptExports: (script) => {
      state.exports.script = { polls: 2, ...script };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers a request, and tells with which status; 0 where it was left without an answer. */
async function respond(
  state: SandboxState,
  faults: Faults,
  token: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number> {
  let given: Answer;
  let fault: SigFault | undefined;
  try {
    const { route, id } = routeOf(request.method ?? '', request.url ?? '');
    checkToken(request, token);
    fault = faults.take(route);
    const late = fault !== undefined && 'after' in fault && fault.after === true;
    if (fault !== undefined && !late && (await strike(fault, request, response))) return response.headersSent ? response.statusCode : 0;
    given = spoilt(await answer(state, route, id, request), fault);
    if (fault !== undefined && late && (await strike(fault, request, response))) return response.headersSent ? response.statusCode : 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    given = { status: error.status, headers: error.headers, body: error.toJSON() };
    // What is left of the request is let go of, so that its answer is read.
    request.resume();
  }
  send(response, given, fault?.kind === 'half-answer');
  return given.status;
}

/** Does to a request what a fault says. True when that was its answer. */
async function strike(fault: SigFault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'status': {
      const {
        status,
        retryAfter,
        body = JSON.stringify(new Refusal(status, 'injected', `a fault with status ${status} was asked for`)),
      } = fault;
      request.resume();
      send(response, {
        status,
        headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
        body: Buffer.from(body),
      });
      return true;
    }
    case 'slow':
      await delay(fault.ms, undefined, { ref: false });
      return false;
    case 'cut':
      request.socket.destroy();
      return true;
    case 'silent':
      request.resume();
      return true;
    default:
      return false;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer, half = false): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': bytes.length });
  if (!half) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
}
