import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came over the wire. */
export interface WireRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What is answered: as told, or by hand. */
export type WireAnswer =
  | { status: number; headers?: Record<string, string>; body?: string | Buffer }
  | ((response: ServerResponse, request: WireRequest) => void);

/** An HTTP server that says what a test wants: for what the test server of S3 has no way to say. */
export interface Wire extends AsyncDisposable {
  endpoint: string;
  requests: WireRequest[];
}

/** `answers` are given in turn, the last of them from then on. */
export async function wire(...answers: WireAnswer[]): Promise<Wire> {
  const requests: WireRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, url, headers, body: Buffer.concat(chunks) };
    const answer = answers[Math.min(requests.push(request), answers.length) - 1];
    if (typeof answer === 'function') return answer(response, request);
    response.writeHead(answer?.status ?? 500, answer?.headers);
    response.end(answer?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** An error as S3 says it. */
export function xmlError(status: number, code: string, { headers = {}, more = '' } = {}): WireAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>Said of ${code}</Message>${more}<RequestId>R1</RequestId></Error>`;
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}
