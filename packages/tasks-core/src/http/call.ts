import { InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import type { Resolve } from '../egress/lookup.ts';
import { egressOf } from '../egress/rules.ts';
import { requestBody } from './body.ts';
import { headerKey, withClient } from './client.ts';
import { ACCEPT_ENCODING } from './content.ts';
import { discard, type Response } from './exchange.ts';
import { contentTypeError, isExpected, statusError } from './expect.ts';
import { type Headers, header, requestHeaders, shownHeaders } from './headers.ts';
import { receive } from './receive.ts';
import type { Request } from './request.ts';
import type { HttpRequestInput, HttpRequestOutput } from './schemas.ts';
import { targetUrl } from './target.ts';
import { walk } from './walk.ts';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** What `connectors/http.request` does. */
export async function callHttp(ctx: RunContext, input: HttpRequestInput, resolve?: Resolve): Promise<HttpRequestOutput> {
  ctx.signal.throwIfAborted();
  const request = requestOf(ctx, input);
  const { paginate, as = 'auto', expect = {}, tls, proxy, connectTimeoutMs, timeoutMs, headersTimeoutMs } = input;
  if (paginate !== undefined) onlyGet(input);
  const repeatable = isRepeatable(input, request.headers);
  const whyNot = `${request.method} is not repeated: its effect may have happened; give an idempotencyKey, or say idempotent: true where twice is as good as once`;
  const options = {
    prefix: 'HTTP',
    rules: egressOf(ctx),
    repeatable,
    whyNot,
    maxRedirects: input.maxRedirects ?? 5,
    traced: true,
    ...given({ tls, proxy, connectTimeoutMs, timeoutMs, headersTimeoutMs, resolve }),
  };
  return withClient(ctx, request, options, async (send, signal) => {
    const ask = async (each: Request): Promise<Response> => {
      const response = await send(each);
      await check(response, expect, repeatable, whyNot);
      return response;
    };
    const within = { artifacts: ctx.artifacts, signal };
    if (paginate !== undefined) {
      const { last, ...walked } = await walk(within, request, paginate, expect.maxBytes, ask);
      return { status: last.status, headers: shownHeaders(last.headers), ...walked };
    }
    const response = await ask(request);
    const received = await receive(within, response, as, expect.maxBytes);
    return { status: response.status, headers: shownHeaders(response.headers), ...received };
  });
}

function requestOf(ctx: RunContext, input: HttpRequestInput): Request {
  const { method = 'GET', url, query, body, form, idempotencyKey } = input;
  const headers: Headers = { 'user-agent': 'maestro', accept: '*/*', 'accept-encoding': ACCEPT_ENCODING, ...requestHeaders(input.headers) };
  if (idempotencyKey !== undefined && idempotencyKey !== false) {
    headers[idempotencyKey === true ? 'idempotency-key' : idempotencyKey.toLowerCase()] ??= headerKey(ctx.idempotencyKey);
  }
  const content = requestBody(ctx, body, form);
  if (content !== undefined && (method === 'GET' || method === 'HEAD'))
    throw new InvalidInputError(`${method} has no body; use query, or another method`);
  return { method, url: targetUrl(url, query), headers, body: content };
}

function isRepeatable({ method = 'GET', idempotent, idempotencyKey }: HttpRequestInput, headers: Headers): boolean {
  if (idempotent !== undefined) return idempotent;
  return IDEMPOTENT.has(method) || (idempotencyKey !== undefined && idempotencyKey !== false) || headers['idempotency-key'] !== undefined;
}

function onlyGet({ method = 'GET', as = 'auto' }: HttpRequestInput): void {
  if (method !== 'GET') throw new InvalidInputError(`paginate reads with GET, found ${method}`);
  if (as !== 'auto' && as !== 'artifact')
    throw new InvalidInputError(`paginate gives an artifact of NDJSON; as: ${as} does not go with it`);
}

async function check(
  response: Response,
  expect: NonNullable<HttpRequestInput['expect']>,
  repeatable: boolean,
  whyNot: string,
): Promise<void> {
  if (!isExpected(response.status, expect.status ?? ['2xx'])) throw await statusError(response, repeatable, whyNot);
  if (expect.contentType === undefined) return;
  const type = header(response.headers, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const fits = expect.contentType.some((each) => {
    const wanted = each.toLowerCase();
    return wanted.endsWith('/*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;
  });
  if (fits) return;
  discard(response.body);
  throw contentTypeError(response, expect.contentType, type);
}

/** Without the fields that are undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
