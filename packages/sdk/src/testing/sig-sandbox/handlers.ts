import type { IncomingMessage } from 'node:http';
import type { PolicyDecision, PolicyRequest } from '../../policy.ts';
import { readJson } from './body.ts';
import { checkBody } from './contracts.ts';
import type { Exports } from './exports.ts';
import type { SigFault, SigRoute } from './faults.ts';
import { correlation, idempotencyKey, policy } from './headers.ts';
import type { Idempotency } from './idempotency.ts';
import type { SigReceipt, SigRecords } from './records.ts';
import { Refusal } from './refusal.ts';

/** What an answer is made of. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** JSON, unless it is bytes. */
  body: unknown;
}

/** What the handlers work on. */
export interface SandboxState {
  records: SigRecords;
  exports: Exports;
  idempotency: Idempotency;
  maxBatchItems: number;
  maxBodyBytes: number;
  decide(request: PolicyRequest): PolicyDecision | Promise<PolicyDecision>;
}

/** Which handler a request is for. Throws a 404 or 405. */
export function routeOf(method: string, path: string): { route: SigRoute; id: string } {
  const routes: [RegExp, string, SigRoute][] = [
    [/^\/ingest\/batch$/, 'POST', 'ingest'],
    [/^\/exports\/request$/, 'POST', 'exports'],
    [/^\/policy\/evaluate$/, 'POST', 'policy'],
    [/^\/exports\/([^/?]+)$/, 'GET', 'export-status'],
    [/^\/exports\/([^/?]+)\/bundle$/, 'GET', 'export-bundle'],
  ];
  for (const [pattern, allowed, route] of routes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    if (method !== allowed) throw new Refusal(405, 'method', `${path}: expected ${allowed}, found ${method}`, { allow: allowed });
    return { route, id: match[1] ?? '' };
  }
  throw new Refusal(404, 'path', `there is nothing at ${path}`);
}

/** Answers a request whose route and token are right. */
export async function answer(state: SandboxState, route: SigRoute, id: string, request: IncomingMessage): Promise<Answer> {
  if (route === 'ingest') return ingest(state, request);
  if (route === 'exports') return requestExport(state, request);
  if (route === 'policy') {
    const { value } = await readJson(request, state.maxBodyBytes);
    return { status: 200, headers: {}, body: await state.decide(checkBody('policy', value)) };
  }
  correlation(request);
  if (route === 'export-status') return { status: 200, headers: {}, body: state.exports.status(id) };
  return { status: 200, headers: { 'content-type': 'application/zip' }, body: state.exports.bundle(id) };
}

async function ingest(state: SandboxState, request: IncomingMessage): Promise<Answer> {
  const facts = { correlation: correlation(request), idempotencyKey: idempotencyKey(request), policy: policy(request) };
  const { value, bytes } = await readJson(request, state.maxBodyBytes);
  const { items } = checkBody('ingest', value);
  if (items.length > state.maxBatchItems) {
    throw new Refusal(413, 'batch_too_large', `body/items: expected at most ${state.maxBatchItems} items, found ${items.length}`);
  }
  const { policy: given, ...rest } = facts;
  const batch = { ...rest, bytes, ...(given === undefined ? {} : { policy: given }) };
  const { answer: body, replayed } = state.idempotency.once('ingest', facts.idempotencyKey, value, () => state.records.batch(batch, items));
  return { status: 200, headers: replayedHeader(replayed), body };
}

async function requestExport(state: SandboxState, request: IncomingMessage): Promise<Answer> {
  correlation(request);
  policy(request);
  const key = idempotencyKey(request);
  const { value } = await readJson(request, state.maxBodyBytes);
  const asked = checkBody('exports', value);
  const { answer: body, replayed } = state.idempotency.once('exports', key, value, () => state.exports.begin(asked));
  return { status: 202, headers: replayedHeader(replayed), body };
}

function replayedHeader(replayed: boolean): Record<string, string> {
  return replayed ? { 'idempotency-replayed': 'true' } : {};
}

/** The answer as a fault has it. What was remembered for the key stays as it is. */
export function spoilt(answer: Answer, fault: SigFault | undefined): Answer {
  if (fault === undefined || answer.status >= 300) return answer;
  if (fault.kind === 'malformed') return { ...answer, body: Buffer.from('{"jobId": "job-1", "rec') };
  if (fault.kind === 'answer') return { ...answer, body: fault.value };
  if (fault.kind === 'wrong-bytes' && Buffer.isBuffer(answer.body)) {
    const bytes = Buffer.from(answer.body);
    bytes[40] = (bytes[40] as number) ^ 1;
    return { ...answer, body: bytes };
  }
  if (fault.kind !== 'missing-receipts' && fault.kind !== 'wrong-hash') return answer;
  const body = answer.body as { receipts: SigReceipt[] };
  const ids = new Set(fault.ids ?? [body.receipts.at(-1)?.id]);
  const receipts =
    fault.kind === 'missing-receipts'
      ? body.receipts.filter(({ id }) => !ids.has(id))
      : body.receipts.map((receipt) => (ids.has(receipt.id) ? { ...receipt, hash: '0'.repeat(64) } : receipt));
  return { ...answer, body: { ...body, receipts } };
}
