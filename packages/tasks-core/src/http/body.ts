import { Readable } from 'node:stream';
import { type ArtifactRef, InvalidInputError, isArtifactRef, type RunContext } from '@summit/maestro-sdk';
import type { Headers } from './headers.ts';

/** What is sent: the same every time it is opened, so that a redirect can ask for it again. */
export interface RequestBody {
  headers: Headers;
  open(signal: AbortSignal): Buffer | Readable;
}

export type FormValue = string | number | boolean;

/** An artifact is streamed as it is, a text goes as UTF-8, anything else as JSON; `form` as URL-encoded fields. */
export function requestBody(
  ctx: Pick<RunContext, 'artifacts'>,
  body: unknown,
  form: Record<string, FormValue | readonly FormValue[]> | undefined,
): RequestBody | undefined {
  if (form !== undefined) {
    if (body !== undefined) throw new InvalidInputError('both body and form are given; a request has one of them');
    const fields = Object.entries(form).flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as FormValue[]) : [value as FormValue]).map((each): [string, string] => [name, String(each)]),
    );
    return whole(new URLSearchParams(fields).toString(), 'application/x-www-form-urlencoded');
  }
  if (body === undefined) return undefined;
  if (isArtifactRef(body)) return streamed(ctx, body);
  return typeof body === 'string' ? whole(body, 'text/plain; charset=utf-8') : whole(JSON.stringify(body), 'application/json');
}

function whole(text: string, contentType: string): RequestBody {
  const bytes = Buffer.from(text);
  return { headers: { 'content-type': contentType }, open: () => bytes };
}

function streamed({ artifacts }: Pick<RunContext, 'artifacts'>, ref: ArtifactRef): RequestBody {
  return {
    headers: { 'content-type': ref.contentType, 'content-length': String(ref.size) },
    open: (signal) => Readable.from(artifacts.open(ref, { signal }), { objectMode: false }),
  };
}
