import { TaskError } from '@summit/maestro-sdk';
import type { Response } from './exchange.ts';
import { type Request, toUrl, whatOf } from './request.ts';

/** Pages read unless the input says otherwise; a list that has more is an error then. */
export const MAX_PAGES = 1_000;

/** How much of a Link header is looked at, in characters. */
const LONGEST_LINK = 8_192;

/** How the next page is found. */
export interface Paging {
  by: 'link' | 'next' | 'page';
  /** JSON Pointer to the list of items in a page; '' is the page itself. */
  items?: string;
  /** by next: JSON Pointer to the URL or cursor of the next page. */
  next?: string;
  /** by next: query parameter that takes the cursor; without it what is found is a URL. by page: the parameter that counts. */
  param?: string;
  /** by page: number of the first page. */
  start?: number;
  maxPages?: number;
  maxItems?: number;
}

/** A page that was read. */
export interface Page {
  items: readonly unknown[];
  json: unknown;
  response: Response;
  request: Request;
  /** Counts from 0. */
  index: number;
}

/** The first request: by page, with its number. */
export function firstPage(request: Request, paging: Paging): Request {
  return paging.by === 'page' ? withParam(request, paging.param ?? 'page', String(paging.start ?? 1)) : request;
}

/** The items of a page; `HTTP_PAGE_MALFORMED` where there is no list. */
export function itemsOf(json: unknown, { items = '' }: Paging, what: string): readonly unknown[] {
  const found = pointer(json, items);
  if (Array.isArray(found)) return found as unknown[];
  throw TaskError.terminal(
    'HTTP_PAGE_MALFORMED',
    `${what}: expected a list of items at ${JSON.stringify(items)} of the page, found ${kind(found)}${hint(json)}; paginate.items says where it is`,
  );
}

/** The request for the page after this one; undefined after the last. */
export function nextPage({ items, json, response, request, index }: Page, paging: Paging): Request | undefined {
  // An empty page of a server that counts on forever would never end.
  if (paging.by === 'page')
    return items.length === 0 ? undefined : withParam(request, paging.param ?? 'page', String((paging.start ?? 1) + index + 1));
  if (paging.by === 'link') return toReference(request, response, linkNext([response.headers.link ?? []].flat().join(', ')));
  const found = pointer(json, paging.next ?? '/next');
  if (found === undefined || found === null || found === '' || found === false) return undefined;
  if (typeof found !== 'string' && typeof found !== 'number') {
    throw TaskError.terminal(
      'HTTP_PAGE_MALFORMED',
      `${whatOf(request)}: expected a text at ${paging.next ?? '/next'} of the page, found ${kind(found)}`,
    );
  }
  if (paging.param !== undefined) return withParam(request, paging.param, String(found));
  return toReference(request, response, String(found));
}

/** RFC 8288: the target of the link with the relation `next`, which comes before its parameters in angle brackets. */
export function linkNext(link: string | undefined): string | undefined {
  for (const match of (link ?? '')
    .slice(0, LONGEST_LINK)
    .matchAll(/<(?<target>[^>]*)>(?<params>(?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^",;]*))?)*)/g)) {
    const { target, params = '' } = match.groups as { target: string; params?: string };
    const named = [...params.matchAll(/;\s*(?<name>[^\s=;,]+)(?:\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^",;]*)))?/g)];
    const rel = named.find(({ groups }) => groups?.name?.toLowerCase() === 'rel')?.groups;
    const relations = (rel?.quoted ?? rel?.token ?? '').trim().toLowerCase().split(/\s+/);
    if (relations.includes('next')) return target;
  }
  return undefined;
}

/** JSON Pointer (RFC 6901); undefined where nothing is. */
export function pointer(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

function toReference(request: Request, response: Response, reference: string | undefined): Request | undefined {
  if (reference === undefined) return undefined;
  const url = URL.parse(reference, response.request.url.href);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw TaskError.terminal('HTTP_PAGE_MALFORMED', `${whatOf(request)}: the next page is at something that is no http(s) URL`);
  }
  if (request.url.protocol === 'https:' && url.protocol === 'http:') {
    throw TaskError.terminal('HTTP_REDIRECT_REFUSED', `${whatOf(request)}: the next page leads from https to http`);
  }
  url.hash = '';
  return toUrl(request, url);
}

function withParam(request: Request, name: string, value: string): Request {
  const url = new URL(request.url);
  url.searchParams.set(name, value);
  return { ...request, url };
}

function kind(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Where lists are in a page, for whoever looked in the wrong place. */
function hint(json: unknown): string {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return '';
  const lists = Object.entries(json).flatMap(([key, value]) => (Array.isArray(value) ? [`/${key}`] : []));
  return lists.length === 0 ? '' : ` (there are lists at ${lists.slice(0, 5).join(', ')})`;
}
