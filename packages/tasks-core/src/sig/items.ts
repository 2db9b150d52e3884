import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { recordBatches } from '../records/records-of.ts';

/** A thing to be ingested: what it is called, and the JSON text it is sent as. */
export interface Item {
  id: string;
  text: string;
  payload: unknown;
}

/** Where the items of a call come from. */
export interface ItemSource {
  items?: readonly { id: string; payload: unknown }[] | undefined;
  artifact?: ArtifactRef | undefined;
  idField?: string | undefined;
}

/**
 * The items of a call, those of an artifact in constant memory.
 * Throws `SIG_ITEM_INVALID`, which names the item by its index or its line, and for a list `SIG_ITEM_REPEATED` before the first of it.
 */
export async function* itemsOf(ctx: RunContext, { items, artifact, idField }: ItemSource): AsyncGenerator<Item[]> {
  if (items !== undefined) {
    checkIds(items);
    yield items.map((item, index) => asItem(item, `items[${index}]`));
    return;
  }
  for await (const batch of recordBatches(ctx, artifact as ArtifactRef)) {
    yield batch.map((record) => {
      const where = `record ${record.number} of ${artifact?.name || 'the artifact'}`;
      if ('problem' in record) throw invalid(where, `${record.problem}${record.text === '' ? '' : `: ${shown(record.text)}`}`);
      return idField === undefined ? asItem(record.value, where) : named(record.value, idField, where);
    });
  }
}

/** `{ id, payload }` */
function asItem(value: unknown, where: string): Item {
  const { id, payload, ...more } = objectOf(value, where, '{ id, payload }');
  if (typeof id !== 'string' || id === '') throw invalid(where, `expected id to be a text that is not empty, found ${shown(id)}`);
  if (payload === undefined) throw invalid(where, 'has no payload; give idField where the record as a whole is the payload');
  const [other] = Object.keys(more);
  if (other !== undefined) throw invalid(where, `has the unknown field ${JSON.stringify(other)} beside id and payload`);
  return item(id, payload);
}

/** A record whose field `idField` names it. */
function named(value: unknown, idField: string, where: string): Item {
  const record = objectOf(value, where, 'an object');
  const id = Object.hasOwn(record, idField) ? record[idField] : undefined;
  if (Number.isSafeInteger(id)) return item(String(id), record);
  if (typeof id === 'string' && id !== '') return item(id, record);
  throw invalid(where, `expected ${idField} to be a text that is not empty, or a whole number, found ${shown(id)}`);
}

function item(id: string, payload: unknown): Item {
  return { id, payload, text: `{"id":${JSON.stringify(id)},"payload":${JSON.stringify(payload)}}` };
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

function invalid(where: string, problem: string): InvalidInputError {
  return new InvalidInputError(`${where} is no item: ${problem}`, { code: 'SIG_ITEM_INVALID' });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
