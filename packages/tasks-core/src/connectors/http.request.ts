import { createRunContext, defineTask } from '@summit/maestro-sdk';
import { Input, Output } from '../http/schemas.ts';
import { shownUrl, targetUrl } from '../http/target.ts';
import { inputCheck } from '../input/check-input.ts';

type Caller = typeof import('../http/call.ts');
let caller: Promise<Caller> | undefined;
const checkInput = inputCheck(Input);

/**
 * Sends one HTTP request, or one per page of a list.
 *
 * Effect: write, whatever the method: an effect is declared per task, and a dry run must not send a POST. Policy is asked about the origin of the URL.
 *
 * Delivery: at most once per attempt. A failed attempt is repeated (by the retry policy, after `Retry-After`) on 429, 502, 503, 504 and network errors only where that does no harm: for GET, HEAD,
 * OPTIONS, PUT and DELETE, with an idempotency key, or with `idempotent: true`. For others those failures are terminal, because the effect may have happened; a connection that did not come about is
 * transient for all. `idempotencyKey` sends the same key with every attempt of a step, also after a crash: once on servers that honour it.
 *
 * Egress: public addresses, and what `egress.allow` of the worker's configuration adds; judged on the address that is connected to, for redirects, further pages and proxies too. A proxy is used where `proxy`
 * names one: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of the environment are not read, with or without `NODE_USE_ENV_PROXY`. Redirects follow the
 * Fetch standard, except that they are refused from https to http and with a body to another origin; to another origin only headers go that cannot be credentials. `Set-Cookie` is not handed on.
 * Responses are decompressed (gzip, deflate, br, zstd). Errors and previews show the origin of a URL only, because paths and queries may hold secrets.
 *
 * Errors, terminal: `HTTP_STATUS` (transient for 429, 502, 503, 504; `details`: status, headers, how the body begins), `HTTP_UNAUTHORIZED` (401), `HTTP_FORBIDDEN` (403), `HTTP_CONTENT_TYPE`,
 * `HTTP_BODY_MALFORMED`, `HTTP_RESPONSE_MALFORMED`, `HTTP_TOO_LARGE`, `HTTP_EGRESS_DENIED`, `EGRESS_INVALID`, `HTTP_TLS`, `TLS_INVALID`, `HTTP_PROXY`, `HTTP_REDIRECT_LIMIT`, `HTTP_REDIRECT_INVALID`, `HTTP_REDIRECT_REFUSED`,
 * `HTTP_PAGE_MALFORMED`, `HTTP_PAGES_LOOP`, `HTTP_PAGES_LIMIT`, `HTTP_URL_INVALID`, `HTTP_HEADER_INVALID`, `INVALID_INPUT`. Transient: `HTTP_DNS`, `HTTP_UNREACHABLE`; `HTTP_CUT` and `HTTP_TIMEOUT` where
 * repeating does no harm. And what the artifact store throws.
 */
export const httpRequest = defineTask<typeof Input, typeof Output>({
  name: 'connectors/http.request',
  version: '0.1.0',
  title: 'Send an HTTP request',
  description: 'Sends a request to an HTTP API, or reads a paginated list from one, within the egress rules of the worker.',
  examples: [
    {
      title: 'Read a JSON document',
      input: { url: 'https://api.example.org/items/7', headers: { authorization: 'Bearer from-a-secret' } },
    },
    {
      title: 'Create something once, however often the step is attempted',
      input: {
        method: 'POST',
        url: 'https://api.example.org/orders',
        body: { item: 7, amount: 2 },
        idempotencyKey: true,
        expect: { status: [201] },
      },
    },
    {
      title: 'A list of several pages, as NDJSON',
      input: { url: 'https://api.example.org/items', query: { per_page: 100 }, paginate: { by: 'link', maxPages: 50 } },
    },
    { title: 'An address that is not public', input: { url: 'http://169.254.169.254/latest/meta-data/' }, error: 'HTTP_EGRESS_DENIED' },
    { title: 'The same, written as one number', input: { url: 'http://2852039166/' }, error: 'HTTP_EGRESS_DENIED' },
    { title: 'Credentials in the URL', input: { url: 'https://user:password@api.example.org/' }, error: 'HTTP_URL_INVALID' },
  ],
  effect: 'write',
  input: Input,
  output: Output,
  retry: { maxAttempts: 5, initialInterval: 500, maxInterval: 30_000, factor: 2 },
  resources: ({ url }) => [{ type: 'http.origin', id: shownUrl(url) }],
  validate({ payload }) {
    targetUrl(payload.url, payload.query);
  },
  async execute(ctx, { payload }) {
    await checkInput(payload);
    caller ??= import('../http/call.ts');
    const { callHttp } = await caller;
    return { payload: await callHttp(createRunContext(ctx), payload) };
  },
});

export default httpRequest;
