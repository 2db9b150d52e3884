import { type ArtifactRef, artifactRefSchema, PRESENT_WHEN } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { connectionFields } from './fields.ts';

const scalar = () => Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
const fields = (description: string) => Type.Record(Type.String(), Type.Union([scalar(), Type.Array(scalar())]), { description });
const pointer = (description: string) => Type.String({ pattern: '^(/[^/]*)*$', maxLength: 1_000, description });
const Artifact = Type.Unsafe<ArtifactRef>({ ...artifactRefSchema });

const Expect = Type.Object(
  {
    status: Type.Optional(
      Type.Array(
        Type.Union([Type.Integer({ minimum: 100, maximum: 599 }), Type.String({ pattern: '^[1-5](xx|\\d\\d)(-[1-5](xx|\\d\\d))?$' })]),
        { minItems: 1, description: "Statuses that are no error: numbers, classes and ranges. Default: ['2xx']" },
      ),
    ),
    contentType: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description: 'Media types that are no error, e.g. application/json or image/*',
      }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Largest response, decompressed, in bytes. Default: 256 KiB inline, 10 GiB as an artifact, 16 MiB a page',
      }),
    ),
  },
  { additionalProperties: false, description: 'What is no error' },
);

const Paginate = Type.Object(
  {
    by: Type.Enum(['link', 'next', 'page'], {
      description:
        'link: the header Link with rel=next; next: a URL or cursor in the page; page: a query parameter that counts, until a page is empty',
    }),
    items: Type.Optional(pointer('JSON Pointer to the list in a page, e.g. /data; default: the page itself')),
    next: Type.Optional(pointer('by next: JSON Pointer to the URL or cursor of the next page, absent or null on the last; default /next')),
    param: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'by next: query parameter that takes the cursor (without it a URL is expected); by page: the one that counts, default page',
      }),
    ),
    start: Type.Optional(Type.Integer({ minimum: 0, default: 1, description: 'by page: number of the first page' })),
    maxPages: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Stops after so many pages; without it more than 1,000 are an error' }),
    ),
    maxItems: Type.Optional(Type.Integer({ minimum: 1, description: 'Stops after so many items' })),
  },
  { additionalProperties: false, description: 'Reads a list page by page (GET only) into an artifact of NDJSON, one item a line' },
);

/** What `connectors/http.request` takes. */
export const Input = Type.Object(
  {
    method: Type.Optional(
      Type.Enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'], { default: 'GET', description: 'Method' }),
    ),
    url: Type.String({ minLength: 1, maxLength: 16_000, description: 'Where to: http or https, without user name and password' }),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'Headers; credentials from secrets. They do not go along to another origin',
      }),
    ),
    query: Type.Optional(fields('Appended to the query of url; a list gives its parameter several times')),
    body: Type.Optional(
      Type.Union([Artifact, Type.Unknown()], {
        description: 'An artifact is streamed, a text sent as it is, anything else as JSON; Content-Type in headers says otherwise',
      }),
    ),
    form: Type.Optional(fields('Sent as application/x-www-form-urlencoded, instead of body')),
    as: Type.Optional(
      Type.Enum(['auto', 'text', 'json', 'base64', 'artifact'], {
        default: 'auto',
        description: 'What becomes of the response: auto goes by its media type (json, text in body, else an artifact)',
      }),
    ),
    expect: Type.Optional(Expect),
    idempotencyKey: Type.Optional(
      Type.Union([Type.Boolean(), Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" })], {
        description:
          'Sends the same key with every attempt of this step, as Idempotency-Key or the header named here; the server has to honour it',
      }),
    ),
    idempotent: Type.Optional(
      Type.Boolean({ description: 'Whether the request may be sent twice. Default: by its method, or true with an idempotency key' }),
    ),
    maxRedirects: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 20, default: 5, description: 'Redirects followed; 0: a redirect is the response' }),
    ),
    paginate: Type.Optional(Paginate),
    headersTimeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400_000,
        description: 'Longest wait for the beginning of a response, in milliseconds; default timeoutMs',
      }),
    ),
    ...connectionFields,
  },
  { additionalProperties: false },
);
export type HttpRequestInput = Static<typeof Input>;

const PAGES = { paginate: 'given' };

/** What it gives. */
export const Output = Type.Object({
  status: Type.Integer({ description: 'Status of the (last) response' }),
  headers: Type.Record(Type.String(), Type.String(), { description: 'Its headers by lower-case name, without cookies' }),
  body: Type.Optional(Type.String({ description: 'Text, or base64 where that was asked for' })),
  json: Type.Optional(
    Type.Unknown({ description: 'The value of a JSON response; integers beyond 2^53, which would lose digits, are texts' }),
  ),
  artifact: Type.Optional(
    Type.Unsafe<ArtifactRef>({
      ...artifactRefSchema,
      description: 'The response, or the items of all pages as NDJSON',
      [PRESENT_WHEN]: [PAGES, 'maybe'],
    }),
  ),
  count: Type.Optional(Type.Integer({ minimum: 0, description: 'Items read, with paginate', [PRESENT_WHEN]: PAGES })),
  pages: Type.Optional(Type.Integer({ minimum: 1, description: 'Pages read, with paginate', [PRESENT_WHEN]: PAGES })),
  complete: Type.Optional(
    Type.Boolean({ description: 'With paginate: false where maxPages or maxItems ended it before the last page', [PRESENT_WHEN]: PAGES }),
  ),
});
export type HttpRequestOutput = Static<typeof Output>;
