import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask, InvalidInputError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { baseOf, connectionFields, endpointLabel, endpointOf, TOKEN_SECRET } from '../sig/endpoint.ts';

const URL_SECRET = 'SIG_INGEST_URL';
/** Unless the input says otherwise. */
const BATCH_SIZE = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
const CONCURRENCY = 4;

const Artifact = (description: string) => Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description });

const Input = Type.Object(
  {
    ...connectionFields(URL_SECRET),
    items: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.String({ minLength: 1, description: 'Names the item; no two have the same' }),
            payload: Type.Unknown({ description: 'What is ingested' }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, description: 'The items' },
      ),
    ),
    artifact: Type.Optional(
      Artifact('The items as NDJSON or a JSON array, of any size: records of { id, payload }, unless idField is given'),
    ),
    idField: Type.Optional(
      Type.String({ minLength: 1, description: 'Field of a record of the artifact that is its id; the record as a whole is the payload' }),
    ),
    batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: BATCH_SIZE, description: 'Items in a request at most' })),
    maxBatchBytes: Type.Optional(
      Type.Integer({ minimum: 1_024, maximum: 64 * 1024 * 1024, default: BATCH_BYTES, description: 'Bytes of a request at most' }),
    ),
    concurrency: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 32, default: CONCURRENCY, description: 'Requests that are on their way at once' }),
    ),
    verifyReceipts: Type.Optional(
      Type.Boolean({ default: false, description: 'Receipts must hold the sha256 of the canonical payload (RFC 8785), in hex' }),
    ),
  },
  { additionalProperties: false, oneOf: [{ required: ['items'] }, { required: ['artifact'] }] },
);

const checkInput = inputCheck(Input, ['items']);

const Output = Type.Object({
  jobId: Type.String({ description: 'The job of the first batch' }),
  jobIds: Type.Array(Type.String(), { description: 'The jobs of the batches, in their order; the first of them where they are thousands' }),
  receipts: Type.Array(
    Type.Object({
      id: Type.String({ description: 'The item' }),
      hash: Type.String({ description: 'What SIG vouches for' }),
    }),
    { description: 'The receipts in the order of the items where they take up to 160 KiB; else none, all of them are in receiptsArtifact' },
  ),
  count: Type.Integer({ minimum: 1, description: 'Items that were ingested, each with a receipt' }),
  batches: Type.Integer({ minimum: 1, description: 'Requests they were sent in' }),
  receiptsArtifact: Artifact('All receipts in the order of the items, as NDJSON: { id, hash, jobId }'),
});

/**
 * Sends items to SIG in batches and collects a receipt for every one of them.
 *
 * Effect: writes. An artifact of any size is read, sent and accounted for in constant memory. Every batch carries an `Idempotency-Key` made of
 * the step's own, the number of the batch and the digest of its content: a retry, also after a crash, sends the same batches with the same keys,
 * and SIG takes each item once. When the call fails the batches before may have been taken; what a record of an artifact lacks is found when its
 * turn comes. Requests carry `x-correlation-*` and, under a policy, `x-policy-purpose`, `-authority` and `-license`. 408, 429, 5xx and broken connections are tried
 * up to four times within `timeoutMs`, after `Retry-After` where it is given, and then left to the retry of the task.
 * An id may stand once in `items`, and once in each batch of an artifact. A record with an integer beyond 2^53, which would lose digits, is refused.
 *
 * Errors, terminal: `SIG_RECEIPTS_MISSING` (`details`: `{ jobId, count, missing }`), `SIG_RECEIPT_MISMATCH` (with `verifyReceipts`), `SIG_REJECTED` and
 * `SIG_BATCH_TOO_LARGE` (4xx, with SIG's reason), `SIG_UNAUTHORIZED`, `SIG_TLS_FAILED`, `SIG_ITEM_INVALID`, `SIG_ITEM_REPEATED`, `SIG_ITEM_TOO_LARGE`, `SIG_NO_ITEMS`,
 * `SIG_ENDPOINT_INVALID`, `TLS_INVALID`. May pass: `SIG_RATE_LIMITED` (429), `SIG_UNAVAILABLE` (5xx), `SIG_UNREACHABLE`,
 * `SIG_CONNECTION_LOST`, `SIG_TIMEOUT`. `SIG_ANSWER_INVALID` may pass where the answer is no JSON, and is terminal where it says something else.
 */
export const sigIngest = defineTask({
  name: 'connectors/sig.ingest',
  version: '0.1.0',
  title: 'Ingest items into SIG',
  description: 'Sends items, or the records of an artifact of any size, to SIG in batches; every one must come back with a receipt.',
  examples: [
    {
      title: 'Two items',
      input: {
        items: [
          { id: 'person-1', payload: { name: 'Ada' } },
          { id: 'person-2', payload: { name: 'Grace' } },
        ],
      },
    },
    {
      title: 'The records of an artifact, each named by its field id',
      input: {
        artifact: {
          uri: `artifact:sha256:${'0'.repeat(64)}`,
          sha256: '0'.repeat(64),
          size: 5_368_709_120,
          contentType: 'application/x-ndjson',
          name: 'people.ndjson',
        },
        idField: 'id',
        auth: true,
      },
    },
    {
      title: 'The same id twice',
      input: {
        endpoint: 'https://sig.example/api',
        items: [
          { id: 'person-1', payload: 1 },
          { id: 'person-1', payload: 2 },
        ],
      },
      error: 'SIG_ITEM_REPEATED',
    },
  ],
  effect: 'write',
  secrets: [URL_SECRET, TOKEN_SECRET],
  retry: { maxAttempts: 5, initialInterval: 2_000 },
  timeout: 6 * 3_600_000,
  input: Input,
  output: Output,
  resources: ({ endpoint }) => [{ type: 'sig.ingest', id: endpointLabel(endpoint, URL_SECRET) }],
  validate({ payload }) {
    check(payload);
  },
  async execute(given, { payload }) {
    check(payload);
    await checkInput(payload);
    const ctx = createRunContext(given);
    ctx.signal.throwIfAborted();
    const { batchSize = BATCH_SIZE, maxBatchBytes = BATCH_BYTES, concurrency = CONCURRENCY, verifyReceipts = false } = payload;
    const { ingest } = await import('../sig/ingest.ts');
    const endpoint = await endpointOf(ctx, payload, URL_SECRET);
    const limits = { items: batchSize, bytes: maxBatchBytes };
    const { book, receiptsArtifact } = await ingest(ctx, endpoint, { ...payload, hashed: verifyReceipts }, { limits, concurrency });
    const { jobIds, receipts, count, batches } = book;
    ctx.logger.info(`ingested ${count} items into ${endpoint.name}`, { items: count, batches });
    return { payload: { jobId: jobIds[0] as string, jobIds, receipts, count, batches, receiptsArtifact } };
  },
});

export default sigIngest;

/** What a schema does not say, and is not asked about when the task is called directly. */
function check(payload: Static<typeof Input>): void {
  const { endpoint, items, artifact, idField } = payload ?? {};
  if ((items === undefined) === (artifact === undefined)) throw new InvalidInputError('give either items or artifact');
  if (items !== undefined && (!Array.isArray(items) || items.length === 0)) {
    throw new InvalidInputError('items must be a list of at least one { id, payload }');
  }
  if (items !== undefined && idField !== undefined) throw new InvalidInputError('idField is for records of an artifact, not for items');
  if (endpoint !== undefined) baseOf(endpoint);
}
