import { createHash } from 'node:crypto';
import { type ArtifactRef, canonicalJson, InvalidInputError, isTaskError, type RunContext } from '@summit/maestro-sdk';
import { jsonText } from '../records/json-text.ts';
import { inexactProblem } from '../records/record.ts';
import { recordBatches } from '../records/records-of.ts';

/** A thing to be ingested. What it was parsed from is let go of: thousands of them are on their way at once. */
export interface Item {
  id: string;
  /** The JSON it is sent as. */
  text: string;
  /** sha256 of the canonical payload, hex; present where receipts are compared with it. */
  hash?: string;
}

/** Where the items of a call come from. */
export interface ItemSource {
  items?: readonly { id: string; payload: unknown }[] | undefined;
  artifact?: ArtifactRef | undefined;
  idField?: string | undefined;
  /** Whether items need their hash. */
  hashed: boolean;
}

/**
 * The items of a call, those of an artifact in constant memory.
 * Throws `SIG_ITEM_INVALID`, which names the item by its index or its line, and for a list `SIG_ITEM_REPEATED` before the first of it.
 */
export async function* itemsOf(ctx: RunContext, { items, artifact, idField, hashed }: ItemSource): AsyncGenerator<Item[]> {
  if (items !== undefined) {
    checkIds(items);
    // Not map, which passes over what is missing in a list.
    yield Array.from(items, (each, index) => item(asItem(each, `items[${index}]`), hashed, `items[${index}]`));
    return;
  }
  for await (const batch of recordBatches(ctx, artifact as ArtifactRef)) {
    yield batch.map((record) => {
      const where = `record ${record.number} of ${artifact?.name || 'the artifact'}`;
      if ('problem' in record) throw invalid(where, `${record.problem}${record.text === '' ? '' : `: ${shown(record.text)}`}`);
      // A receipt vouches for what was sent, which is to be what was there.
      if (record.inexact !== undefined) throw invalid(where, inexactProblem(record.inexact));
      return item(idField === undefined ? asItem(record.value, where) : named(record.value, idField, where), hashed, where);
    });
  }
}

interface Pair {
  id: string;
  payload: unknown;
}

/** `{ id, payload }` */
function asItem(value: unknown, where: string): Pair {
  const { id, payload, ...more } = objectOf(value, where, '{ id, payload }');
  if (typeof id !== 'string' || id === '') throw invalid(where, `expected id to be a text that is not empty, found ${shown(id)}`);
  if (payload === undefined) throw invalid(where, 'has no payload; give idField where the record as a whole is the payload');
  const [other] = Object.keys(more);
  if (other !== undefined) throw invalid(where, `has the unknown field ${JSON.stringify(other)} beside id and payload`);
  return { id, payload };
}

/** A record whose field `idField` names it. */
function named(value: unknown, idField: string, where: string): Pair {
  const record = objectOf(value, where, 'an object');
  const id = Object.hasOwn(record, idField) ? record[idField] : undefined;
  if (Number.isSafeInteger(id)) return { id: String(id), payload: record };
  if (typeof id === 'string' && id !== '') return { id, payload: record };
  throw invalid(where, `expected ${idField} to be a text that is not empty, or a whole number, found ${shown(id)}`);
}

function item({ id, payload }: Pair, hashed: boolean, where: string): Item {
  const json = jsonText(payload);
  if (json === undefined) throw invalid(where, 'its payload is not JSON');
  const text = `{"id":${JSON.stringify(id)},"payload":${json}}`;
  return hashed ? { id, text, hash: hashOf(payload, where) } : { id, text };
}

function hashOf(payload: unknown, where: string): string {
  try {
    return createHash('sha256').update(canonicalJson(payload)).digest('hex');
  } catch (cause) {
    if (!isTaskError(cause)) throw cause;
    throw invalid(where, `its ${cause.message}`, cause);
  }
}

function objectOf(value: unknown, where: string, expected: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(where, `expected ${expected}, found ${shown(value)}`);
}

function checkIds(items: readonly { id: string }[]): void {
  const seen = new Map<unknown, number>();
  for (const [index, each] of items.entries()) {
    const before = seen.get(each?.id);
    if (before !== undefined) throw repeated(each.id, `items[${before}] and items[${index}]`);
    seen.set(each?.id, index);
  }
}

export function repeated(id: string, where: string): InvalidInputError {
  return new InvalidInputError(`${where} have the same id ${shown(id)}; an id names one item`, { code: 'SIG_ITEM_REPEATED' });
}

function invalid(where: string, problem: string, cause?: unknown): InvalidInputError {
  const options = { code: 'SIG_ITEM_INVALID', ...(cause === undefined ? {} : { cause }) };
  return new InvalidInputError(`${where} is no item: ${problem}`, options);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
