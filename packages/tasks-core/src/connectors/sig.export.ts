import {
  type ArtifactRef,
  artifactRefSchema,
  createRunContext,
  defineTask,
  InvalidInputError,
  isTaskError,
  TaskError,
} from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { baseOf, connectionFields, endpointLabel, endpointOf, TOKEN_SECRET } from '../sig/endpoint.ts';

const URL_SECRET = 'SIG_EXPORT_URL';
/** Unless the input says otherwise, in milliseconds: the first wait, and the longest. */
const POLL_MS = 1_000;
const MAX_POLL_MS = 60_000;
/** Each wait is so many times the one before. */
const POLL_FACTOR = 1.5;
/** Looks at the status that may fail in a row before the attempt does. */
const FAILED_POLLS = 10;

const Input = Type.Object(
  {
    ...connectionFields(URL_SECRET),
    requestId: Type.String({
      minLength: 1,
      maxLength: 1_024,
      description: 'What is exported, as SIG calls it, e.g. the id of a request for disclosure',
    }),
    parameters: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'More that SIG is told about what to export; what is known depends on the export',
      }),
    ),
    pollIntervalMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_600_000,
        default: POLL_MS,
        description: 'Milliseconds before the status is asked for; the waits grow',
      }),
    ),
    maxPollIntervalMs: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 24 * 3_600_000, default: MAX_POLL_MS, description: 'The longest wait, in milliseconds' }),
    ),
    verify: Type.Optional(
      Type.Union([Type.Literal('manifest'), Type.Literal('digest')], {
        default: 'manifest',
        description:
          'manifest: a disclosure bundle with everything as its manifest says. digest: any bundle with the sha256 and size that SIG announced',
      }),
    ),
    publicKey: Type.Optional(
      Type.String({ minLength: 1, description: 'Ed25519 public key, PEM: the manifest must be signed with its private half' }),
    ),
  },
  { additionalProperties: false },
);

const checkInput = inputCheck(Input);

const Output = Type.Object({
  exportId: Type.String({ description: 'The export, as SIG calls it' }),
  status: Type.Literal('ready', { description: 'Always ready: an export that failed is an error' }),
  artifact: Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description: 'The bundle, verified' }),
});

/**
 * Asks SIG for an export, waits until it is ready, and stores its bundle as an artifact once it is verified.
 *
 * Effect: writes, for SIG makes an export. Durable: asking, every look at the status, and fetching are steps of their own, and the waits between them are the engine's:
 * a worker that restarts goes on where it was, and a wait of hours holds nothing open. The request carries an `Idempotency-Key` made of the step's own and of what is
 * asked for, so that a retry finds the export that is under way; ten looks in a row may fail before it comes to that. Give `timeout` to say how long an export may take; by default a day. The bundle is streamed,
 * whatever its size, through a temporary file.
 *
 * Errors, terminal: `SIG_EXPORT_FAILED` (with SIG's reason), `SIG_BUNDLE_INVALID` (`details`: the problems, as `maestro verify` lists them), `SIG_REJECTED`, `SIG_UNAUTHORIZED`,
 * `SIG_TLS_FAILED`, `SIG_ENDPOINT_INVALID`, `PUBLIC_KEY_INVALID`, `TLS_INVALID`. May pass: `SIG_BUNDLE_CORRUPT` (hash or size are not what was announced),
 * `SIG_RATE_LIMITED`, `SIG_UNAVAILABLE`, `SIG_UNREACHABLE`, `SIG_CONNECTION_LOST`, `SIG_TIMEOUT`, and `SIG_ANSWER_INVALID` where the answer is no JSON.
 */
export const sigExport = defineTask<typeof Input, typeof Output>({
  name: 'connectors/sig.export',
  version: '0.1.0',
  title: 'Export from SIG',
  description: 'Asks SIG for an export, waits durably until it is ready, and stores the verified bundle as an artifact.',
  examples: [
    { title: 'An export for a request for disclosure', input: { requestId: 'dsar-2026-117' } },
    {
      title: 'One that may take its time, signed by a known key',
      input: {
        requestId: 'dsar-2026-117',
        parameters: { subject: 'person-1' },
        auth: true,
        pollIntervalMs: 60_000,
        maxPollIntervalMs: 600_000,
        publicKey: '-----BEGIN PUBLIC KEY-----\n...\n-----END PUBLIC KEY-----\n',
      },
    },
    { title: 'An endpoint that is none', input: { endpoint: 'sig.example', requestId: 'dsar-2026-117' }, error: 'SIG_ENDPOINT_INVALID' },
  ],
  effect: 'write',
  durable: true,
  secrets: [URL_SECRET, TOKEN_SECRET],
  retry: { maxAttempts: 5, initialInterval: 5_000 },
  timeout: 24 * 3_600_000,
  input: Input,
  output: Output,
  resources: ({ endpoint, requestId }) => [{ type: 'sig.export', id: `${endpointLabel(endpoint, URL_SECRET)}/${requestId}` }],
  validate({ payload }) {
    check(payload);
  },
  async execute(given, { payload }) {
    check(payload);
    const ctx = createRunContext(given);
    ctx.signal.throwIfAborted();
    const { pollIntervalMs = POLL_MS, maxPollIntervalMs = MAX_POLL_MS, verify = 'manifest', publicKey } = payload;
    let state = await ctx.step('request', async (signal) => {
      await checkInput(payload);
      const { requestExport } = await import('../sig/export.ts');
      return requestExport(ctx, await endpointOf(ctx, payload, URL_SECRET), payload, signal);
    });
    const { exportId } = state;
    let failures = 0;
    for (let wait = pollIntervalMs; state.status === 'pending' || state.status === 'running'; wait *= POLL_FACTOR) {
      await ctx.sleep(Math.min(Math.ceil(wait), maxPollIntervalMs));
      try {
        state = await ctx.step('status', async (signal) => {
          const { askExport } = await import('../sig/export.ts');
          return askExport(ctx, await endpointOf(ctx, payload, URL_SECRET), exportId, signal);
        });
        failures = 0;
      } catch (error) {
        // The export goes on whether or not SIG can be asked about it.
        if (!isTaskError(error) || !error.retryable || ++failures > FAILED_POLLS) throw error;
      }
    }
    if (state.status === 'failed') {
      throw TaskError.terminal(
        'SIG_EXPORT_FAILED',
        `export ${exportId} of ${payload.requestId} failed: ${state.reason ?? 'SIG gives no reason'}`,
      );
    }
    const artifact = await ctx.step('bundle', async (signal) => {
      const { fetchBundle } = await import('../sig/fetch-bundle.ts');
      return fetchBundle(ctx, await endpointOf(ctx, payload, URL_SECRET), state, { verify, publicKey }, signal);
    });
    return { payload: { exportId, status: 'ready', artifact } };
  },
});

export default sigExport;

/** What a schema is not asked about when the task is called directly. */
function check(payload: Static<typeof Input>): void {
  if (typeof payload?.requestId !== 'string' || payload.requestId === '') {
    throw new InvalidInputError('requestId is missing: give the id of what is to be exported');
  }
  if (payload.endpoint !== undefined) baseOf(payload.endpoint);
}
