import { InvalidInputError } from '@summit/maestro-sdk';

type QueryValue = string | number | boolean;

/** The URL to ask, with `query` appended. Throws `HTTP_URL_INVALID`, which does not repeat the text: it may hold a secret. */
export function targetUrl(text: string, query: Record<string, QueryValue | readonly QueryValue[]> = {}): URL {
  const url = URL.parse(text);
  if (url === null) throw wrong('url is no absolute URL; expected e.g. https://api.example.org/items');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong(`url has the scheme ${url.protocol} expected https: or http:`);
  if (url.username !== '' || url.password !== '') {
    throw wrong('url holds a user name or password, which would end up in logs; send them as the header Authorization, from a secret');
  }
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? (value as QueryValue[]) : [value as QueryValue]) url.searchParams.append(name, String(each));
  }
  url.hash = '';
  return url;
}

/** A URL as it is shown: its origin. Paths and queries often hold tokens, and a whole URL may be a secret. */
export function shownUrl(url: URL | string): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url;
  return parsed === null || parsed.origin === 'null' ? 'the URL' : parsed.origin;
}

function wrong(message: string): InvalidInputError {
  return new InvalidInputError(message, { code: 'HTTP_URL_INVALID' });
}
