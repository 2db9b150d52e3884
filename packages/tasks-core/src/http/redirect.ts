import { TaskError } from '@summit/maestro-sdk';
import { type Request, toUrl, whatOf } from './request.ts';
import { shownUrl } from './target.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * The request a redirect asks for, by the rules of the Fetch standard: 303, and 301 or 302 of a POST, become a GET without a body. Undefined where there is no redirect.
 *
 * Refused (`*_REDIRECT_REFUSED`): from https to http, which would show what was encrypted, and with a body to another origin, which nobody has named as its reader.
 */
export function nextHop(request: Request, status: number, location: string | undefined, prefix: string): Request | undefined {
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const url = URL.parse(location, request.url.href);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw TaskError.terminal(
      `${prefix}_REDIRECT_INVALID`,
      `${whatOf(request)}: answered ${status} with a Location that is no http(s) URL without user information`,
    );
  }
  url.hash = '';
  const refuse = (why: string) =>
    TaskError.terminal(
      `${prefix}_REDIRECT_REFUSED`,
      `${whatOf(request)}: answered ${status} to ${shownUrl(url)}; not followed, because ${why}`,
    );
  if (request.url.protocol === 'https:' && url.protocol === 'http:') throw refuse('it leads from https to http');
  const rewritten = (status === 303 && request.method !== 'HEAD') || ((status === 301 || status === 302) && request.method === 'POST');
  if (rewritten) return toUrl({ ...request, method: 'GET', headers: withoutContent(request.headers), body: undefined }, url);
  if (request.body !== undefined && url.origin !== request.url.origin) {
    throw refuse('the body would go to another origin; name that one in url if it is meant');
  }
  return toUrl(request, url);
}

function withoutContent(headers: Request['headers']): Request['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('content-')));
}
