import { InvalidInputError } from '@summit/maestro-sdk';

/** By lower-case name. */
export type Headers = Record<string, string>;

/** What the connection itself says, or would break it. */
const OURS = new Set(
  'connection content-length expect host http2-settings keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** Headers that say nothing about who asks, and go along to another origin. */
const IMPERSONAL = new Set(
  'accept accept-charset accept-encoding accept-language cache-control content-encoding content-language content-type if-match if-modified-since if-none-match if-range if-unmodified-since pragma range user-agent'.split(
    ' ',
  ),
);

/** The caller's headers by lower-case name. Throws `HTTP_HEADER_INVALID`, which never shows a value. */
export function requestHeaders(given: Record<string, string> = {}): Headers {
  const headers: Headers = {};
  for (const [written, value] of Object.entries(given)) {
    const name = written.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) throw wrong(`${JSON.stringify(written)} is no header name`);
    if (OURS.has(name)) {
      throw wrong(
        `the header ${written} cannot be given: ${name === 'proxy-authorization' ? 'use proxy.username and proxy.password' : 'the connection sets it'}`,
      );
    }
    if (Object.hasOwn(headers, name)) throw wrong(`the header ${written} is given twice, in different spellings`);
    // Line breaks would begin another header; what is beyond Latin-1 has no bytes there.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw wrong(`the value of the header ${written} has characters a header cannot have, such as a line break at its end`);
    }
    headers[name] = value;
  }
  return headers;
}

/** What of the headers goes to another origin: nothing that could be a credential, whatever it is called. */
export function withoutCredentials(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => IMPERSONAL.has(name)));
}

/** Response headers as they are handed on: several of one name joined, and no cookies, which are credentials. */
export function shownHeaders(headers: Record<string, string | string[] | undefined>): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined || /^set-cookie2?$/.test(name)) return [];
      return [[name, Array.isArray(value) ? value.join(', ') : value]];
    }),
  );
}

/** One header, the first where there are several. */
export function header(headers: Record<string, string | string[] | undefined>, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `text` without what was sent as a credential, which some servers repeat in their complaints. */
export function withoutValues(text: string, headers: Headers): string {
  let result = text;
  for (const [name, value] of Object.entries(headers)) {
    if (IMPERSONAL.has(name)) continue;
    for (const part of [value, ...value.split(/[\s,;=]+/)]) if (part.length >= 8) result = result.replaceAll(part, '[redacted]');
  }
  return result;
}

function wrong(message: string): InvalidInputError {
  return new InvalidInputError(message, { code: 'HTTP_HEADER_INVALID' });
}
