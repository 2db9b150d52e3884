import type { ErrorObject } from 'ajv';
import { preview } from './preview.ts';

/** One reason why data does not match its schema. */
export interface SchemaFailure {
  /** JSON Pointer to the value within the data (within the record, for NDJSON); empty: the whole of it. */
  pointer: string;
  /** The schema keyword that refused it; `json` for a record that is no JSON. */
  keyword: string;
  /** What was expected, e.g. `must be integer`. */
  message: string;
  /** The value as JSON text; what is long is cut and ends in `…`. */
  found: string;
  /** JSON Pointer to the keyword within the schema, as a URI fragment. */
  schema?: string;
  /** Number of the record, from 1, where records are checked one by one. */
  record?: number;
  /** What names the record, as JSON text, where the input says which field does. */
  id?: string;
}

/** The one place that says how Ajv's errors are told to people. */
export function toFailure(error: ErrorObject): SchemaFailure {
  return {
    pointer: error.instancePath,
    keyword: error.keyword,
    message: `${error.message ?? 'is not valid'}${named(error.params)}`,
    found: preview(error.data),
    schema: error.schemaPath,
  };
}

/** What Ajv keeps out of its messages though it is what the reader needs. */
function named(params: Record<string, unknown>): string {
  const name = params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName;
  if (typeof name === 'string') return `: ${preview(name, 80)}`;
  if (Array.isArray(params.allowedValues)) return `: ${preview(params.allowedValues)}`;
  if ('allowedValue' in params) return `: ${preview(params.allowedValue)}`;
  return '';
}

/** `Schema validation failed: 2 errors: /id must be integer (found "x"); ...`, with the first few spelled out. */
export function failureMessage(failures: SchemaFailure[], total: number, where = ''): string {
  const shown = failures.slice(0, 3).map(({ record, id, pointer, message, found }) => {
    const named = id === undefined ? '' : `(${id}) `;
    const place =
      `${record === undefined ? '' : `record ${record} ${named}`}${pointer === '' ? (record === undefined ? 'the value' : '') : pointer}`.trim();
    return `${place} ${message} (found ${found})`;
  });
  const more = total > shown.length ? `; and ${total - shown.length} more` : '';
  return `Schema validation failed: ${total} ${total === 1 ? 'error' : 'errors'}${where}: ${shown.join('; ')}${more}`;
}
