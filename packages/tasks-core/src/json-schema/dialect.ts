import type { Ajv, Options } from 'ajv';
import addFormats from 'ajv-formats';
import { linearRegExp } from './linear-regexp.ts';
import { multipleOf } from './multiple-of.ts';
import { uniqueItems } from './unique-items.ts';

/** How Ajv is set up for schemas from outside. */
export const ajvOptions: Options = {
  allErrors: true,
  // Gives every error the value it is about.
  verbose: true,
  // Unknown keywords and formats are annotations, as the specification has it.
  strict: false,
  logger: false,
  addUsedSchema: false,
  code: { regExp: Object.assign((pattern: string) => linearRegExp(pattern), { code: 'linearRegExp' }) },
};

/** Longest text the format `url` is tried on: its expression takes time in proportion to the square of it. */
const LONGEST_URL = 8192;

/** Adds the formats of ajv-formats, and replaces what a hostile text could make slow. */
export function withKeywords<T extends Pick<Ajv, 'addFormat' | 'addKeyword' | 'formats' | 'removeKeyword'>>(ajv: T): T {
  // ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
  (addFormats as unknown as (target: T) => void)(ajv);
  const url = ajv.formats.url as RegExp;
  ajv.addFormat('url', (text: string) => text.length <= LONGEST_URL && url.test(text));
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword(uniqueItems);
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword(multipleOf);
  return ajv;
}
