import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A span as OTLP's JSON has it. */
export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code?: number; message?: string };
}

interface OtlpMetric {
  name: string;
  [kind: string]: unknown;
}

/** An OTLP/HTTP receiver on loopback that keeps what it is sent. `refuse` has it answer 503. Closed after the test. */
export async function otlpReceiver() {
  const spans: OtlpSpan[] = [];
  const metrics: OtlpMetric[] = [];
  const services = new Set<unknown>();
  const headers: Record<string, unknown>[] = [];
  const receiver = { spans, metrics, services, headers, refuse: false, url: '' };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (receiver.refuse) return void response.writeHead(503).end();
    const bytes = Buffer.concat(chunks);
    const body = JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8'));
    headers.push(request.headers);
    for (const { resource, scopeSpans = [], scopeMetrics = [] } of body.resourceSpans ?? body.resourceMetrics) {
      services.add(resource.attributes.find(({ key }: { key: string }) => key === 'service.name')?.value.stringValue);
      for (const scope of scopeSpans) spans.push(...scope.spans);
      for (const scope of scopeMetrics) metrics.push(...scope.metrics);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return receiver;
}
