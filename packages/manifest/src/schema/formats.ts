// The formats alone, so that reading a manifest does not load Ajv.
import formats from 'ajv-formats/dist/formats.js';
import { isPattern } from './pattern.ts';

/** What a format is called in a message. */
const titles: { [format: string]: string } = {
  'date-time': 'a date and time such as 2026-01-31T09:30:00Z',
  date: 'a date such as 2026-01-31',
  time: 'a time such as 09:30:00Z',
  duration: 'an ISO 8601 duration such as PT5M',
  uri: 'a URI such as https://example.org/x',
  email: 'an e-mail address',
  hostname: 'a host name',
  uuid: 'a UUID',
  re2: 'an RE2 regular expression (no look-ahead, no back-references, at most 2,000 characters, no large repetitions in repetitions)',
};

/** A format as messages call it, with an article. */
export function formatTitle(format: string): string {
  return titles[format] ?? `of the format "${format}"`;
}

/** Whether `text` has the format; formats nobody here knows accept everything, as JSON Schema wants it. Text over 8,192 characters has none. */
export function hasFormat(format: string, text: string): boolean {
  if (format === 're2') return isPattern(text);
  // JavaScript's own engine would have to be asked, on foreign text.
  if (format === 'regex' || !Object.hasOwn(formats.fullFormats, format)) return true;
  if (text.length > 8_192) return false;
  const definition = formats.fullFormats[format as keyof typeof formats.fullFormats];
  const validate = typeof definition === 'object' && 'validate' in definition ? definition.validate : definition;
  if (validate instanceof RegExp) return validate.test(text);
  return typeof validate === 'function' ? (validate as (text: string) => boolean)(text) : true;
}
