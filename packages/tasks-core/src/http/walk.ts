import { isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import { abortableSleep } from '@summit/maestro-sdk/abort';
import { NDJSON, ndjsonBytes } from '../records/write.ts';
import { collected, content } from './content.ts';
import type { Response } from './exchange.ts';
import { header } from './headers.ts';
import { firstPage, itemsOf, MAX_PAGES, nextPage, type Paging } from './pages.ts';
import { jsonOf } from './receive.ts';
import { type Request, whatOf } from './request.ts';

/** Content of one page, in bytes, unless the input says otherwise: a page is in memory as a whole. */
const PAGE_BYTES = 16 * 1024 * 1024;
/** How often a page is asked for before the call fails, and how long the waits between are where the server does not say. */
const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;

/** Asks for one page; an unexpected status is a `TaskError`. */
export type Ask = (request: Request) => Promise<Response>;

export interface Walked {
  artifact: Awaited<ReturnType<RunContext['artifacts']['put']>>;
  count: number;
  pages: number;
  /** False where `maxPages` or `maxItems` ended it although there was more. */
  complete: boolean;
  /** The response with the last page. */
  last: Response;
}

/**
 * Reads page after page into an artifact of NDJSON, one item a line, in the memory of one page. A page that fails in a way that may pass is asked for again,
 * after the time the server names: beginning anew would read everything once more.
 */
export async function walk(
  ctx: Pick<RunContext, 'artifacts' | 'signal'>,
  first: Request,
  paging: Paging,
  maxBytes: number | undefined,
  ask: Ask,
): Promise<Walked> {
  const seen = new Set<string>();
  let count = 0;
  let pages = 0;
  let complete = true;
  let last: Response | undefined;
  async function* batches(): AsyncGenerator<readonly unknown[]> {
    let request: Request | undefined = firstPage(first, paging);
    while (request !== undefined) {
      if (seen.has(request.url.href)) {
        throw TaskError.terminal(
          'HTTP_PAGES_LOOP',
          `${whatOf(request)}: page ${pages + 1} is one that was read before; the list would never end`,
        );
      }
      seen.add(request.url.href);
      const page: { json: unknown; response: Response } = await patiently(() => pageOf(request as Request, ask, maxBytes), ctx.signal);
      last = page.response;
      const all = itemsOf(page.json, paging, `${whatOf(request)}, page ${pages + 1}`);
      const items = paging.maxItems === undefined ? all : all.slice(0, paging.maxItems - count);
      count += items.length;
      yield items;
      const next = nextPage({ ...page, items: all, request, index: pages }, paging);
      pages += 1;
      if (items.length < all.length || (next !== undefined && count === paging.maxItems)) complete = false;
      else if (next !== undefined && pages === (paging.maxPages ?? MAX_PAGES)) {
        if (paging.maxPages === undefined) {
          throw TaskError.terminal(
            'HTTP_PAGES_LIMIT',
            `${whatOf(request)}: there are more than ${MAX_PAGES} pages; say with paginate.maxPages how many are to be read`,
          );
        }
        complete = false;
      }
      request = complete ? next : undefined;
    }
  }
  const artifact = await ctx.artifacts.put(ndjsonBytes(batches()), { signal: ctx.signal, contentType: NDJSON, name: 'items.ndjson' });
  return { artifact, count, pages, complete, last: last as Response };
}

async function pageOf(request: Request, ask: Ask, maxBytes = PAGE_BYTES): Promise<{ json: unknown; response: Response }> {
  const response = await ask(request);
  const what = whatOf(request);
  const bytes = await collected(
    content(response.body, header(response.headers, 'content-encoding'), maxBytes, what, 'ask for smaller pages, or raise expect.maxBytes'),
  );
  return { ...jsonOf(bytes, what), response };
}

async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || attempt === ATTEMPTS || !isTaskError(error) || !error.retryable) throw error;
      await abortableSleep(error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1), signal);
    }
  }
}
