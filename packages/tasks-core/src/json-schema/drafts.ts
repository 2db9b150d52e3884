import { InvalidInputError } from '@summit/maestro-sdk';
import { Ajv, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A JSON Schema draft: how it is named in `$schema`, and what checks it. */
export interface Draft {
  name: '07' | '2019-09' | '2020-12';
  /** `$schema` without a trailing `#`. */
  uri: string;
  open(options: Options): Ajv | Ajv2019 | Ajv2020;
}

const draft2020: Draft = { name: '2020-12', uri: 'https://json-schema.org/draft/2020-12/schema', open: (options) => new Ajv2020(options) };
const drafts: readonly Draft[] = [
  // Draft 07 says that $ref stands alone: what is written beside it does not count.
  { name: '07', uri: 'http://json-schema.org/draft-07/schema', open: (options) => new Ajv({ ...options, ignoreKeywordsWithRef: true }) },
  { name: '2019-09', uri: 'https://json-schema.org/draft/2019-09/schema', open: (options) => new Ajv2019(options) },
  draft2020,
];

/** The draft that `schema` says it is written in; 2020-12 where it says nothing. */
export function draftOf(schema: unknown): Draft {
  const uri = typeof schema === 'object' && schema !== null && '$schema' in schema ? schema.$schema : undefined;
  if (uri === undefined) return draft2020;
  const known =
    typeof uri === 'string'
      ? drafts.find((draft) => draft.uri === uri.replace(/#$/, '').replace(/^https:(?=.*draft-07)/, 'http:'))
      : undefined;
  if (known) return known;
  const choices = drafts.map((draft) => draft.uri).join(', ');
  throw new InvalidInputError(
    `$schema is ${JSON.stringify(uri)}, which is not a draft known here; use one of ${choices}, or leave it out for 2020-12`,
    {
      code: 'SCHEMA_DRAFT_UNKNOWN',
    },
  );
}
