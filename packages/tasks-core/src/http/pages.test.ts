import { createTestContext } from '@summit/maestro-sdk/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { json, serve, type TestServer } from '../../test/support/http.ts';
import { callHttp } from './call.ts';
import { linkNext, pointer } from './pages.ts';
import type { HttpRequestInput } from './schemas.ts';

const ALL = Array.from({ length: 7 }, (_, id) => ({ id }));

/** Reads a list, and what is in its artifact. */
async function read(server: TestServer, input: Partial<HttpRequestInput>) {
  await using ctx = createTestContext({ egress: { allow: ['127.0.0.1'] } });
  const output = await callHttp(ctx, { url: `${server.url}/items`, ...input });
  const text = output.artifact === undefined ? '' : (await ctx.readArtifact(output.artifact)).toString();
  const items = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: number });
  return { output, ids: items.map(({ id }) => id) };
}

const pageOf = (url: string, name: string) => Number(new URL(url, 'http://x').searchParams.get(name) ?? 1);
const slice = (page: number, size = 3) => ALL.slice((page - 1) * size, page * size);

const linked = () =>
  serve((seen, response) => {
    const page = pageOf(seen.url, 'page');
    const links = [`</items?page=1>; rel="first"`, ...(page < 3 ? [`</items?page=${page + 1}>; rel="next"`] : [])];
    json(response, slice(page), 200, { link: links.join(', ') });
  });

describe('a list', () => {
  it('by links is read to its end', async () => {
    await using server = await linked();
    const { output, ids } = await read(server, { paginate: { by: 'link' }, headers: { authorization: 'Bearer x' } });
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(output).toMatchObject({ status: 200, count: 7, pages: 3, complete: true, artifact: { contentType: 'application/x-ndjson' } });
    expect(server.requests.every(({ headers }) => headers.authorization === 'Bearer x')).toBe(true);
  });

  it('by a cursor, and by a URL in the page', async () => {
    await using server = await serve((seen, response) => {
      const page = pageOf(seen.url, 'cursor');
      const next = page < 3 ? String(page + 1) : null;
      json(response, { data: { rows: slice(page) }, meta: { next, url: next && `?cursor=${next}` } });
    });
    const cursor = await read(server, {
      query: { size: 3 },
      paginate: { by: 'next', items: '/data/rows', next: '/meta/next', param: 'cursor' },
    });
    expect(cursor.ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(server.requests.map(({ url }) => url)).toEqual(['/items?size=3', '/items?size=3&cursor=2', '/items?size=3&cursor=3']);
    const byUrl = await read(server, { paginate: { by: 'next', items: '/data/rows', next: '/meta/url' } });
    expect(byUrl.ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps every digit of what is in it, and of the cursor', async () => {
    await using server = await serve((seen, response) => {
      const last = seen.url.includes('cursor=9007199254740993');
      response.setHeader('content-type', 'application/json');
      response.end(last ? '{"items":[{"id":7}]}' : '{"items":[{"id":1234567890123456789}],"next":9007199254740993}');
    });
    const { ids } = await read(server, { paginate: { by: 'next', items: '/items', param: 'cursor' } });
    expect(ids).toEqual(['1234567890123456789', 7]);
  });

  it('by a number, until a page is empty', async () => {
    await using server = await serve((seen, response) => json(response, slice(pageOf(seen.url, 'p') + 1)));
    const { output, ids } = await read(server, { paginate: { by: 'page', param: 'p', start: 0 } });
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(output).toMatchObject({ pages: 4, count: 7, complete: true });
  });

  it.each([
    [{ maxPages: 2 }, [0, 1, 2, 3, 4, 5], false],
    [{ maxPages: 3 }, [0, 1, 2, 3, 4, 5, 6], true],
    [{ maxItems: 4 }, [0, 1, 2, 3], false],
    [{ maxItems: 3 }, [0, 1, 2], false],
    [{ maxItems: 7 }, [0, 1, 2, 3, 4, 5, 6], true],
    [{ maxItems: 100 }, [0, 1, 2, 3, 4, 5, 6], true],
  ])('stops at %o, and says whether there was more', async (stop, expected, complete) => {
    await using server = await linked();
    const { output, ids } = await read(server, { paginate: { by: 'link', ...stop } });
    expect(ids).toEqual(expected);
    expect(output.complete).toBe(complete);
  });

  it('of nothing is an empty artifact', async () => {
    await using server = await serve((_, response) => json(response, []));
    expect((await read(server, { paginate: { by: 'link' } })).output).toMatchObject({
      count: 0,
      pages: 1,
      complete: true,
      artifact: { size: 0 },
    });
  });

  it('goes on after a page that failed and passed, not from the beginning', async () => {
    await using server = await serve((seen, response, count) =>
      count === 2
        ? response.writeHead(429, { 'retry-after': '0' }).end()
        : json(
            response,
            slice(pageOf(seen.url, 'page')),
            200,
            pageOf(seen.url, 'page') < 3 ? { link: `</items?page=${pageOf(seen.url, 'page') + 1}>; rel=next` } : {},
          ),
    );
    expect((await read(server, { paginate: { by: 'link' } })).ids).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    ['that begins anew', { by: 'next' }, { next: '/items', data: [] }, 'HTTP_PAGES_LOOP'],
    ['whose items are elsewhere', { by: 'link', items: '/rows' }, { data: [1] }, 'HTTP_PAGE_MALFORMED'],
    ['whose next page is no text', { by: 'next' }, { next: { a: 1 }, data: [] }, 'HTTP_PAGE_MALFORMED'],
    ['whose next page is no URL', { by: 'next' }, { next: 'javascript:x', data: [] }, 'HTTP_PAGE_MALFORMED'],
    ['whose next page is on a private address', { by: 'next' }, { next: 'http://10.0.0.1/items', data: [] }, 'HTTP_EGRESS_DENIED'],
  ] as const)('%s is an error', async (_, paginate, page, code) => {
    await using server = await serve((_seen, response) => json(response, page));
    const items = 'items' in paginate ? {} : { items: '/data' };
    const failed = read(server, { paginate: { ...paginate, ...items } });
    await expect(failed).rejects.toMatchObject({ code, retryable: false });
    if (code === 'HTTP_PAGE_MALFORMED' && 'items' in paginate) await expect(failed).rejects.toThrow('there are lists at /data');
  });

  it('that never ends is an error, unless it is said where to stop', async () => {
    await using server = await serve((seen, response) => json(response, [{ id: pageOf(seen.url, 'page') }]));
    await expect(read(server, { paginate: { by: 'page' } })).rejects.toMatchObject({ code: 'HTTP_PAGES_LIMIT' });
    expect(server.requests).toHaveLength(1_000);
  });

  it('takes no credentials to another origin', async () => {
    await using other = await serve((_, response) => json(response, { data: [{ id: 2 }] }));
    await using server = await serve((_, response) => json(response, { data: [{ id: 1 }], next: `${other.url}/items` }));
    const { ids } = await read(server, { paginate: { by: 'next', items: '/data' }, headers: { 'x-api-key': 'k' } });
    expect(ids).toEqual([1, 2]);
    expect(other.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });
});

describe('the Link header', () => {
  it.each([
    ['<https://x/2>; rel="next"', 'https://x/2'],
    ['<https://x/1>; rel=prev, <https://x/3>; rel=next', 'https://x/3'],
    ['<?a=1,2;3>; title="a, <b>; rel=\\"next\\""; rel="last next"', '?a=1,2;3'],
    ['<x>; rel="nextish"', undefined],
    ['<x>', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (link, expected) => {
    expect(linkNext(link)).toBe(expected);
  });

  it('may be anything, and is read in no time', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('<', '>', ';', ',', '"', ' ', 'rel', '=', 'next', '\\', 'a')), (parts) => {
        const found = linkNext(parts.join(''));
        expect(found === undefined || typeof found === 'string').toBe(true);
      }),
    );
    const began = performance.now();
    linkNext(`<x>${'; a=b '.repeat(20_000)}`);
    linkNext(`<x>${' ;'.repeat(40_000)}`);
    linkNext(`<x>; a="${'\\"'.repeat(40_000)}`);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('JSON Pointer', () => {
  it('finds what RFC 6901 says', () => {
    const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'm~n': 8, __proto__: null };
    expect(['', '/foo', '/foo/0', '/', '/a~1b', '/m~0n', '/nope', '/foo/9', '/toString'].map((path) => pointer(document, path))).toEqual([
      document,
      ['bar', 'baz'],
      'bar',
      0,
      1,
      8,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
