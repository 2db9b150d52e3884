import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import type { ErrorObject } from 'ajv';
import type { SourceRecord } from '../records/record.ts';
import { isNdjson, recordBatches } from '../records/records-of.ts';
import type { Validator } from './compile.ts';
import { failureMessage, type SchemaFailure, toFailure } from './failure.ts';
import { preview } from './preview.ts';

export { validatorFor } from './validators.ts';

/** Largest JSON artifact that is read as a whole. */
export const LARGEST_DOCUMENT = 64 * 1024 * 1024;

/** Throws `SCHEMA_VALIDATION_FAILED` when `data` does not match; at most `limit` failures are listed. */
export function checkValue(validator: Validator, data: unknown, limit: number): void {
  const errors = errorsOf(validator, data);
  if (errors.length > 0) fail(errors.slice(0, limit).map(toFailure), errors.length);
}

/** What is checked how. */
export interface CheckOptions {
  /** Failures listed at most. */
  maxFailures: number;
  /** The schema is that of one record: every element of a list, or record of an artifact, is checked on its own. */
  each: boolean;
  /** JSON Pointer to what names a record. */
  recordId?: string;
}

/** As {@link checkValue}, for every element of a list. Returns their number. */
export function checkEach(validator: Validator, data: unknown, options: CheckOptions): number {
  if (!Array.isArray(data))
    throw new InvalidInputError('with each: true the data must be a list of records, or an artifact that holds them');
  const report = new RecordReport(options);
  for (const [index, value] of data.entries()) report.add({ number: index + 1, value }, errorsOf(validator, value));
  return report.end('the list');
}

/**
 * As {@link checkValue}, for an artifact: NDJSON, and with `each` a JSON array too, record by record in constant memory;
 * anything else as one JSON document. Resolves to the number of records.
 */
export async function checkArtifact(
  ctx: RunContext,
  validator: Validator,
  ref: ArtifactRef,
  options: CheckOptions,
): Promise<number | undefined> {
  if (!options.each && !isNdjson(ref)) {
    checkValue(validator, await readDocument(ctx, ref), options.maxFailures);
    return undefined;
  }
  const report = new RecordReport(options);
  for await (const batch of recordBatches(ctx, ref)) {
    for (const record of batch) report.add(record, 'problem' in record ? [] : errorsOf(validator, record.value));
  }
  return report.end(ref.name);
}

/** Keeps the failures of records, of which no more are listed than asked for. */
class RecordReport {
  readonly #options: CheckOptions;
  readonly #failures: SchemaFailure[] = [];
  #total = 0;
  #bad = 0;
  #records = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  add(record: SourceRecord, errors: readonly ErrorObject[]): void {
    this.#records = record.number;
    const unread = 'problem' in record;
    if (!unread && errors.length === 0) return;
    const found = unread ? [notJson(record)] : errors.map(toFailure);
    const id = unread ? undefined : this.#idOf(record.value);
    this.#bad++;
    this.#total += found.length;
    for (const failure of found.slice(0, this.#options.maxFailures - this.#failures.length)) {
      this.#failures.push({ ...failure, record: record.number, ...(id === undefined ? {} : { id }) });
    }
  }

  /** The number of records; throws `SCHEMA_VALIDATION_FAILED` when one does not match. */
  end(source: string): number {
    if (this.#total > 0) fail(this.#failures, this.#total, ` in ${this.#bad} of ${this.#records} records of ${source}`);
    return this.#records;
  }

  #idOf(value: unknown): string | undefined {
    if (this.#options.recordId === undefined) return undefined;
    const id = pointedAt(value, this.#options.recordId);
    return id === undefined ? undefined : preview(id, 80);
  }
}

/** The value a JSON Pointer leads to; undefined where there is none. */
function pointedAt(value: unknown, pointer: string): unknown {
  let at = value;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function notJson({ problem, text }: { problem: string; text: string }): SchemaFailure {
  return { pointer: '', keyword: 'json', message: problem, found: text.length > 120 ? `${text.slice(0, 120)}…` : text };
}

async function readDocument(ctx: RunContext, ref: ArtifactRef): Promise<unknown> {
  if (ref.size > LARGEST_DOCUMENT) {
    throw new InvalidInputError(
      `artifact ${ref.name} has ${ref.size} bytes; a JSON document is read as a whole, up to ${LARGEST_DOCUMENT} bytes: write it as NDJSON (application/x-ndjson), or say each: true where it is a list and the schema that of one record; both are checked record by record`,
      { code: 'SCHEMA_DATA_TOO_LARGE' },
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of ctx.artifacts.open(ref, { signal: ctx.signal })) chunks.push(chunk);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch (cause) {
    throw new InvalidInputError(`artifact ${ref.name} (${ref.contentType}) is not JSON: ${(cause as Error).message}`, {
      code: 'SCHEMA_DATA_NOT_JSON',
      cause,
    });
  }
}

function errorsOf(validator: Validator, data: unknown): ErrorObject[] {
  try {
    return validator(data) ? [] : (validator.errors ?? []);
  } catch (cause) {
    // The validator of a recursive schema recurses with the data; so does the comparison of items.
    if (!(cause instanceof RangeError)) throw cause;
    throw new InvalidInputError('Schema validation failed: the data is nested too deeply, or contains itself', {
      code: 'SCHEMA_DATA_TOO_DEEP',
      cause,
    });
  } finally {
    // Or the cached validator would keep the data alive.
    validator.errors = null;
  }
}

function fail(failures: SchemaFailure[], total: number, where = ''): never {
  throw new InvalidInputError(failureMessage(failures, total, where), { code: 'SCHEMA_VALIDATION_FAILED', details: failures });
}
