import { isTaskError, parseRetryAfter, TaskError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';
import { REFUSALS, type Refusal } from './refusals.ts';

/** What a request was about, for its error. */
export interface Target {
  bucket: string;
  key: string;
  versionId?: string | undefined;
  /** Host and port of the store, where it is not AWS. */
  endpoint?: string | undefined;
  region?: string | undefined;
}

/** What the SDK throws for an answer that is an error. */
interface Answer extends Error {
  Code?: string;
  Region?: string;
  $metadata?: { httpStatusCode?: number; requestId?: string };
  $response?: { headers?: Record<string, string> };
}

/** `s3://bucket/key`, and where it is not AWS. */
export function objectName({ bucket, key, versionId, endpoint }: Target): string {
  return `s3://${bucket}/${key}${versionId === undefined ? '' : ` (version ${versionId})`}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

/** Any failure of a request as a {@link TaskError} with a stable code. */
export function s3Failure(error: unknown, target: Target): TaskError {
  if (isTaskError(error)) return error as TaskError;
  const answer = error as Answer;
  if (answer?.$metadata?.httpStatusCode !== undefined) return answered(answer, answer.$metadata.httpStatusCode, target);
  return unanswered(answer, target);
}

function answered(answer: Answer, status: number, target: Target): TaskError {
  const headers = answer.$response?.headers ?? {};
  const { retryable, code, says } = refusalOf(answer, status, headers, target);
  const retryAfterMs = retryable ? parseRetryAfter(headers['retry-after']) : undefined;
  return new TaskError(`${objectName(target)}: ${says}`, {
    code,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    details: facts(answer, status),
    cause: told(answer, status),
  });
}

function refusalOf(answer: Answer, status: number, headers: Record<string, string>, target: Target) {
  const region = headers['x-amz-bucket-region'] ?? answer.Region;
  const moved =
    status === 301 ||
    status === 307 ||
    answer.name === 'AuthorizationHeaderMalformed' ||
    answer.name === 'IllegalLocationConstraintException';
  if (moved && (region === undefined || region !== target.region)) {
    const where = region === undefined ? 'in another region' : `in the region ${region}`;
    return {
      code: 'S3_WRONG_REGION',
      retryable: false,
      says: `the bucket is ${where}, not in ${target.region}; set region${region === undefined ? '' : ` to ${region}`}`,
    };
  }
  if (headers['x-amz-delete-marker'] === 'true') {
    return {
      code: 'S3_KEY_DELETED',
      retryable: false,
      says: 'the object was deleted: there is a delete marker; name an older versionId to have what was there',
    };
  }
  const known: Refusal | undefined = REFUSALS[answer.name] ?? REFUSALS[answer.Code ?? ''] ?? BY_STATUS[status];
  const said = answer.message && answer.message !== 'UnknownError' ? `: ${oneLine(answer.message)}` : '';
  if (known !== undefined) return { ...known, says: `${known.says}${known.quote === false ? '' : said}` };
  const name = answer.name || `status ${status}`;
  if (status >= 500 || status === 429)
    return { code: 'S3_UNAVAILABLE', retryable: true, says: `the store failed (${name}, ${status})${said}` };
  return { code: 'S3_REQUEST_REFUSED', retryable: false, says: `the store refused the request (${name}, ${status})${said}` };
}

const BY_STATUS: Record<number, Refusal> = {
  304: { code: 'S3_NOT_MODIFIED', retryable: false, says: 'the object is still the one that ifNoneMatch names', quote: false },
  403: REFUSALS.AccessDenied as Refusal,
  404: REFUSALS.NoSuchKey as Refusal,
  412: REFUSALS.PreconditionFailed as Refusal,
  416: REFUSALS.InvalidRange as Refusal,
  429: REFUSALS.SlowDown as Refusal,
  501: REFUSALS.NotImplemented as Refusal,
  503: REFUSALS.SlowDown as Refusal,
};

function unanswered(error: Answer, target: Target): TaskError {
  const at = target.endpoint ?? `S3 in ${target.region ?? 'its region'}`;
  const make = (code: string, retryable: boolean, says: string) =>
    new TaskError(`${objectName(target)}: ${says}`, { code, retryable, cause: error });
  const found = networkFailure(error);
  switch (found?.kind) {
    case 'refused':
      return make('S3_UNREACHABLE', true, `nothing accepts connections at ${at}: ${found.reason}`);
    case 'dns':
      return make('S3_UNREACHABLE', true, `the host of ${at} has no address: ${found.reason}`);
    case 'cut':
      return make('S3_CONNECTION_LOST', true, `the connection to ${at} ended in the middle: ${found.reason}`);
    case 'tls':
      return make('S3_TLS', false, `no trusted connection to ${at}: ${found.reason}; check the certificate, or give tls.ca`);
    case 'timeout':
      return make('S3_TIMEOUT', true, `${at} did not answer: ${found.reason}`);
    case undefined:
  }
  const said = oneLine(error instanceof Error ? error.message : String(error));
  if (error?.name === 'TimeoutError') {
    const connecting = said.includes('did not establish a connection');
    return make(
      connecting ? 'S3_UNREACHABLE' : 'S3_TIMEOUT',
      true,
      connecting ? `no connection to ${at} in time` : `${at} went silent in the middle`,
    );
  }
  if (/aborted|socket hang up|premature close/i.test(said)) {
    return make('S3_CONNECTION_LOST', true, `the connection to ${at} ended in the middle: ${said}`);
  }
  if (error instanceof SyntaxError || /Deserialization error|XML/i.test(said)) {
    return make('S3_PROTOCOL', false, `${at} did not answer as S3 does: ${said}; is the endpoint an S3 store?`);
  }
  return make('S3_FAILED', false, said);
}

function facts(answer: Answer, status: number) {
  const { requestId } = answer.$metadata ?? {};
  return { error: answer.name, status, ...(requestId === undefined ? {} : { requestId }) };
}

/** The answer without its fields: those of a refused signature hold access keys and what was signed. */
function told(answer: Answer, status: number): Error {
  const error = new Error(`${status} ${answer.name}`);
  error.name = answer.name;
  return error;
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
