import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import type { ErrorObject } from 'ajv';
import type { Validator } from './compile.ts';
import { failureMessage, type SchemaFailure, toFailure } from './failure.ts';
import { ndjsonRecords } from './ndjson.ts';

export { validatorFor } from './validators.ts';

/** Largest JSON artifact that is read as a whole. */
export const LARGEST_DOCUMENT = 64 * 1024 * 1024;

/** Throws `SCHEMA_VALIDATION_FAILED` when `data` does not match; at most `limit` failures are listed. */
export function checkValue(validator: Validator, data: unknown, limit: number): void {
  const errors = errorsOf(validator, data);
  if (errors.length > 0) fail(errors.slice(0, limit).map(toFailure), errors.length);
}

/** As {@link checkValue}, for an artifact: NDJSON record by record in constant memory, anything else as one JSON document. Resolves to the number of records. */
export async function checkArtifact(ctx: RunContext, validator: Validator, ref: ArtifactRef, limit: number): Promise<number | undefined> {
  if (isNdjson(ref)) return checkRecords(ctx, validator, ref, limit);
  checkValue(validator, await readDocument(ctx, ref), limit);
  return undefined;
}

async function checkRecords(ctx: RunContext, validator: Validator, ref: ArtifactRef, limit: number): Promise<number> {
  const failures: SchemaFailure[] = [];
  let total = 0;
  let badRecords = 0;
  let records = 0;
  for await (const record of ndjsonRecords(ctx.artifacts.open(ref, { signal: ctx.signal }))) {
    ctx.signal.throwIfAborted();
    records = record.number;
    const found = 'problem' in record ? [notJson(record)] : errorsOf(validator, record.value).map(toFailure);
    if (found.length === 0) continue;
    badRecords++;
    total += found.length;
    for (const failure of found.slice(0, limit - failures.length)) failures.push({ ...failure, record: record.number });
  }
  if (total > 0) fail(failures, total, ` in ${badRecords} of ${records} records of ${ref.name}`);
  return records;
}

function notJson({ problem, text }: { problem: string; text: string }): SchemaFailure {
  return { pointer: '', keyword: 'json', message: problem, found: text.length > 120 ? `${text.slice(0, 120)}…` : text };
}

async function readDocument(ctx: RunContext, ref: ArtifactRef): Promise<unknown> {
  if (ref.size > LARGEST_DOCUMENT) {
    throw new InvalidInputError(
      `artifact ${ref.name} has ${ref.size} bytes; a JSON document is read as a whole, up to ${LARGEST_DOCUMENT} bytes: write it as NDJSON (application/x-ndjson), which is checked record by record`,
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

function isNdjson({ contentType, name }: ArtifactRef): boolean {
  return /^application\/(?:x-ndjson|x-jsonlines|jsonl|ndjson)\s*(?:;|$)/i.test(contentType) || /\.(?:ndjson|jsonl)$/i.test(name);
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
