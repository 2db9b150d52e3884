import { parseRetryAfter, TaskError } from '@summit/maestro-sdk';
import { content } from './content.ts';
import type { Response } from './exchange.ts';
import { header, shownHeaders, withoutValues } from './headers.ts';
import { whatOf } from './request.ts';

/** Statuses after which another attempt may get another answer. */
const PASSING = new Set([429, 502, 503, 504]);
/** How much of the body of a refusal is shown, in bytes. */
const SHOWN_BYTES = 2_000;

/** A status, a class such as `2xx`, or a range such as `200-204`. */
export type StatusRange = number | string;

export function isExpected(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some((range) => {
    if (typeof range === 'number') return status === range;
    const [from = '', to = from] = range.toLowerCase().split('-');
    return status >= Number(from.replaceAll('x', '0')) && status <= Number(to.replaceAll('x', '9'));
  });
}

/** The error of a response that was not expected: transient only where another attempt may help and does no harm. */
export async function statusError(response: Response, repeatable: boolean, whyNot: string): Promise<TaskError> {
  const { status, request } = response;
  const retryAfterMs = parseRetryAfter(header(response.headers, 'retry-after'));
  const text = await excerpt(response);
  const details = { status, headers: redacted(shownHeaders(response.headers), response), ...(text === '' ? {} : { body: text }) };
  const shown = text === '' ? '' : `: ${text.replace(/\s+/g, ' ').slice(0, 200)}`;
  const message = `${whatOf(request)} answered ${status}${shown}`;
  if (!PASSING.has(status)) return TaskError.terminal(codeOf(status), message, { details });
  if (!repeatable) return TaskError.terminal('HTTP_STATUS', `${message}; ${whyNot}`, { details });
  return TaskError.transient('HTTP_STATUS', message, { details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** The error of a response whose media type was not expected. */
export function contentTypeError(response: Response, expected: readonly string[], found: string): TaskError {
  return TaskError.terminal(
    'HTTP_CONTENT_TYPE',
    `${whatOf(response.request)} answered with ${found === '' ? 'no content type' : `the content type ${JSON.stringify(found.slice(0, 100))}`}; expected ${expected.join(' or ')}`,
  );
}

function codeOf(status: number): string {
  return status === 401 ? 'HTTP_UNAUTHORIZED' : status === 403 ? 'HTTP_FORBIDDEN' : 'HTTP_STATUS';
}

/** How the body begins, as text and without the credentials that were sent; nothing where it cannot be read. */
async function excerpt(response: Response): Promise<string> {
  const what = whatOf(response.request);
  const parts: Buffer[] = [];
  try {
    const chunks = content(response.body, header(response.headers, 'content-encoding'), Number.POSITIVE_INFINITY, what, '');
    let size = 0;
    for await (const chunk of chunks) {
      parts.push(chunk);
      size += chunk.length;
      if (size >= SHOWN_BYTES) break;
    }
  } catch {
    // Cut off in the middle: the status is the news, and what came of the body is enough.
  }
  const bytes = Buffer.concat(parts);
  const type = header(response.headers, 'content-type') ?? '';
  if (bytes.includes(0) || /^(?:image|audio|video|font)\//.test(type)) return '';
  return withoutValues(bytes.subarray(0, SHOWN_BYTES).toString('utf8'), response.request.headers).trim();
}

function redacted(headers: Record<string, string>, { request }: Response): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withoutValues(value, request.headers)]));
}
