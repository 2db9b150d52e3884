import { createHash } from 'node:crypto';
import { TaskError } from '@summit/maestro-sdk';
import type { Batch } from './batches.ts';
import { strangeAnswer } from './failures.ts';
import type { SigSession } from './request.ts';

/** That SIG has taken an item. */
export interface Receipt {
  id: string;
  hash: string;
}

export interface SentBatch {
  jobId: string;
  /** In the order of the items. */
  receipts: Receipt[];
}

/** Ids that an error lists. */
const LISTED = 20;

/**
 * Sends a batch and resolves to the receipts of all of its items. `key` is the same for every attempt of the step.
 * Throws `SIG_RECEIPTS_MISSING` and `SIG_RECEIPT_MISMATCH`, beside what the request itself may fail with.
 */
export async function sendBatch(session: SigSession, batch: Batch, key: string, signal: AbortSignal): Promise<SentBatch> {
  const { body, ids } = batch;
  const digest = createHash('sha256').update(body).digest('hex');
  const idempotencyKey = createHash('sha256')
    .update(JSON.stringify([key, batch.number, digest]))
    .digest('hex');
  const what = `POST /ingest/batch (items ${batch.first} to ${batch.first + ids.length - 1})`;
  const answer = await session.json({ method: 'POST', path: '/ingest/batch', body, idempotencyKey, what }, signal);
  const strange = (problem: string) => strangeAnswer(session.endpoint, what, problem, { terminal: true });
  const { jobId, receipts } = (typeof answer === 'object' && answer !== null ? answer : {}) as { jobId?: unknown; receipts?: unknown };
  if (typeof jobId !== 'string' || jobId === '') throw strange('no jobId');
  if (!Array.isArray(receipts)) throw strange('no list of receipts');
  const hashes = hashesById(receipts, strange);
  const missing = ids.filter((id) => !hashes.has(id));
  if (missing.length > 0) throw without(session, jobId, batch, missing);
  if (hashes.size > ids.length) {
    const sent = new Set(ids);
    throw strange(`receipts for items that were not sent: ${listed([...hashes.keys()].filter((id) => !sent.has(id)))}`);
  }
  if (batch.hashes.length > 0) compare(session, jobId, batch, hashes);
  return { jobId, receipts: ids.map((id) => ({ id, hash: hashes.get(id) as string })) };
}

function hashesById(receipts: readonly unknown[], strange: (problem: string) => TaskError): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const receipt of receipts) {
    const { id, hash } = (typeof receipt === 'object' && receipt !== null ? receipt : {}) as { id?: unknown; hash?: unknown };
    if (typeof id !== 'string' || typeof hash !== 'string' || hash === '') throw strange('a receipt without id or hash');
    if (hashes.has(id)) throw strange(`two receipts for ${JSON.stringify(id)}`);
    hashes.set(id, hash);
  }
  return hashes;
}

function without({ endpoint }: SigSession, jobId: string, { ids }: Batch, missing: string[]): TaskError {
  return TaskError.terminal(
    'SIG_RECEIPTS_MISSING',
    `${endpoint.name} gave no receipt for ${missing.length} of the ${ids.length} items of job ${jobId}: ${listed(missing)}`,
    { details: { jobId, count: missing.length, missing: missing.slice(0, 1_000) } },
  );
}

function compare({ endpoint }: SigSession, jobId: string, { ids, hashes: expected }: Batch, hashes: ReadonlyMap<string, string>): void {
  const wrong = ids.filter((id, index) => hashes.get(id)?.toLowerCase() !== expected[index]);
  if (wrong.length === 0) return;
  throw TaskError.terminal(
    'SIG_RECEIPT_MISMATCH',
    `${endpoint.name} gave receipts of job ${jobId} whose hash is not the sha256 of what was sent: ${listed(wrong)}`,
    { details: { jobId, count: wrong.length, wrong: wrong.slice(0, 1_000) } },
  );
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, LISTED).map((id) => JSON.stringify(id.length > 100 ? `${id.slice(0, 100)}…` : id));
  return shown.join(', ') + (ids.length > LISTED ? ` and ${ids.length - LISTED} more` : '');
}
