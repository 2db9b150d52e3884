import { type ArtifactRef, type RunContext, TaskError } from '@summit/maestro-sdk';
import { parseExactly } from '../records/exact-json.ts';
import { collected, content } from './content.ts';
import type { Response } from './exchange.ts';
import { header } from './headers.ts';
import { whatOf } from './request.ts';

export type As = 'auto' | 'text' | 'json' | 'base64' | 'artifact';

/** What became of a body: at most one of them. */
export interface Received {
  body?: string;
  json?: unknown;
  artifact?: ArtifactRef;
}

/** Content carried inline, in bytes, unless the input says otherwise. */
export const INLINE_BYTES = 256 * 1024;
/** Content of an artifact, in bytes, unless the input says otherwise. */
export const ARTIFACT_BYTES = 10 * 1024 ** 3;

/** Reads the body of a response as it is asked for. `auto` goes by the media type: JSON, text, and anything else as an artifact; an empty body is nothing. */
export async function receive(
  { artifacts, signal }: Pick<RunContext, 'artifacts' | 'signal'>,
  response: Response,
  as: As,
  maxBytes: number | undefined,
): Promise<Received> {
  const what = whatOf(response.request);
  const contentType = header(response.headers, 'content-type') ?? '';
  const kind = as === 'auto' ? kindOf(contentType) : as;
  const limit = maxBytes ?? (kind === 'artifact' ? ARTIFACT_BYTES : INLINE_BYTES);
  const advice = kind === 'artifact' ? 'raise expect.maxBytes if that is right' : 'ask for it with as: artifact';
  const encoding = header(response.headers, 'content-encoding');
  const length = Number(header(response.headers, 'content-length'));
  // What cannot fit is not read at all. Compressed, it says nothing about what comes out.
  if (encoding === undefined && length > limit && response.request.method !== 'HEAD') {
    response.body.on('error', () => {}).destroy();
    throw TaskError.terminal('HTTP_TOO_LARGE', `${what}: the response has ${length} bytes, more than ${limit}; ${advice}`);
  }
  const chunks = content(response.body, hasBody(response) ? encoding : undefined, limit, what, advice);
  if (kind === 'artifact') return artifactOf(artifacts, signal, chunks, response, contentType, as === 'artifact');
  const bytes = await collected(chunks);
  if (bytes.length === 0 && as !== 'text' && as !== 'base64') return as === 'json' && hasBody(response) ? jsonOf(bytes, what) : {};
  if (kind === 'json') return jsonOf(bytes, what);
  return { body: kind === 'base64' ? bytes.toString('base64') : textOf(bytes, contentType, what) };
}

/** The value of a JSON text, no digit of an integer lost; `HTTP_BODY_MALFORMED` when it is none. */
export function jsonOf(bytes: Buffer, what: string): { json: unknown } {
  try {
    return { json: parseExactly(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch (cause) {
    const begins = bytes.subarray(0, 80).toString('utf8').replace(/\s+/g, ' ');
    // Neither the text nor what the parser quotes of it may hold a secret that was asked for: it is the server's answer.
    throw TaskError.terminal(
      'HTTP_BODY_MALFORMED',
      bytes.length === 0 ? `${what}: expected JSON, found an empty body` : `${what}: expected JSON, found ${JSON.stringify(begins)}`,
      { cause },
    );
  }
}

function hasBody({ status, request }: Response): boolean {
  return request.method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304;
}

function kindOf(contentType: string): Exclude<As, 'auto'> {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === '' || type.startsWith('text/') || /^application\/(?:(?:.*\+)?xml|x-www-form-urlencoded|yaml|javascript|graphql)$/.test(type))
    return 'text';
  return 'artifact';
}

async function artifactOf(
  artifacts: RunContext['artifacts'],
  signal: AbortSignal,
  chunks: AsyncGenerator<Buffer>,
  response: Response,
  contentType: string,
  asked: boolean,
): Promise<Received> {
  const first = await chunks.next();
  if (first.done && !(asked && hasBody(response))) return {};
  async function* all() {
    if (!first.done) yield first.value;
    yield* chunks;
  }
  const name = nameOf(response);
  const artifact = await artifacts.put(all(), {
    signal,
    contentType: contentType || 'application/octet-stream',
    ...(name === undefined ? {} : { name }),
  });
  return { artifact };
}

/** The file name the server gives; a path segment may be a token, and is not taken for one. */
function nameOf({ headers }: Response): string | undefined {
  const disposition = header(headers, 'content-disposition') ?? '';
  const name = /;\s*filename="?(?<name>[^";]+)"?/i.exec(disposition)?.groups?.name?.split(/[\\/]/).at(-1)?.trim();
  return name === undefined || name === '' || name.length > 200 ? undefined : name;
}

function textOf(bytes: Buffer, contentType: string, what: string): string {
  const charset = /;\s*charset="?(?<name>[^\s;"]+)/i.exec(contentType)?.groups?.name ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw TaskError.terminal(
      'HTTP_BODY_MALFORMED',
      `${what}: the response is no text in ${charset.slice(0, 40)}; ask for it with as: base64 or as: artifact`,
      { cause },
    );
  }
}
