import type { RequestBody } from './body.ts';
import { type Headers, withoutCredentials } from './headers.ts';
import { shownUrl } from './target.ts';

/** One request to send. */
export interface Request {
  method: string;
  url: URL;
  headers: Headers;
  body: RequestBody | undefined;
}

/** Names a request in messages. */
export function whatOf({ method, url }: Pick<Request, 'method' | 'url'>): string {
  return `${method} ${shownUrl(url)}`;
}

/** The same request, to another URL; nothing that could be a credential goes to another origin. */
export function toUrl(request: Request, url: URL): Request {
  return { ...request, url, headers: url.origin === request.url.origin ? request.headers : withoutCredentials(request.headers) };
}
