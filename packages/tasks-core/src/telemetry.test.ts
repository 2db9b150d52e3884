import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createTestContext, startSigSandbox } from '@summit/maestro-sdk/testing';
import { kafka, nats } from '@summit/maestro-services';
import { connect } from 'nats';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { query, runContext, testDatabase } from '../test/support/database.ts';
import { json, serve } from '../test/support/http.ts';
import { makeTopic, readTopic } from '../test/support/kafka.ts';
import { testBucket } from '../test/support/s3.ts';
import { dbQuery } from './connectors/db.query.ts';
import { httpRequest } from './connectors/http.request.ts';
import { kafkaPublish } from './connectors/kafka.publish.ts';
import { natsPublish } from './connectors/nats.publish.ts';
import { s3Put } from './connectors/s3.put.ts';
import { sigIngest } from './connectors/sig.ingest.ts';
import { notifySlack } from './tasks/notify.slack.ts';

/** What the connectors tell of their calls, and whom they tell which trace the calls are part of. */

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
});
beforeEach(() => exporter.reset());
afterAll(() => {
  for (const api of [trace, context, propagation]) api.disable();
});

/** Does `work` within a span, as a worker does; returns the client spans below it, and its trace id. */
async function traced<T>(work: () => Promise<T>): Promise<{ result: T; spans: ReadableSpan[]; traceId: string }> {
  const { result, traceId } = await trace.getTracer('test').startActiveSpan('task', async (span) => {
    try {
      return { result: await work(), traceId: span.spanContext().traceId };
    } finally {
      span.end();
    }
  });
  const spans = exporter.getFinishedSpans().filter(({ name }) => name !== 'task');
  for (const span of spans) expect(span.spanContext().traceId).toBe(traceId);
  return { result, spans, traceId };
}

const of = (traceId: string) => expect.stringMatching(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));

it('http.request: a span per request, the trace for the origin that was asked for alone, and the header of the caller as it is', async () => {
  await using other = await serve((_, response) => json(response, {}));
  await using server = await serve(({ url }, response) => {
    if (url.startsWith('/away')) response.writeHead(302, { location: `${other.url}/` }).end();
    else json(response, {}, url.startsWith('/missing') ? 404 : 200);
  });
  await using ctx = createTestContext({ task: httpRequest, egress: { allow: ['127.0.0.1'] } });
  const get = (path: string, headers?: Record<string, string>) =>
    httpRequest.execute(ctx, { payload: { url: `${server.url}${path}?token=s3cret`, ...(headers ? { headers } : {}) } });
  const { traceId, spans } = await traced(() => get('/away'));
  expect(server.requests.at(-1)?.headers.traceparent).toEqual(of(traceId));
  expect(other.requests.at(-1)?.headers.traceparent).toBeUndefined();
  expect(spans.map(({ name, kind, attributes }) => [name, kind, attributes['http.response.status_code']])).toEqual([
    ['GET', SpanKind.CLIENT, 302],
    ['GET', SpanKind.CLIENT, 200],
  ]);
  expect(spans[0]?.attributes).toMatchObject({ 'http.request.method': 'GET', 'server.address': '127.0.0.1', 'url.scheme': 'http' });
  expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toMatch(/s3cret|away/);
  exporter.reset();
  const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await traced(() => get('/', { Traceparent: own }));
  expect(server.requests.at(-1)?.headers.traceparent).toBe(own);
  exporter.reset();
  await expect(traced(() => get('/missing'))).rejects.toMatchObject({ code: 'HTTP_STATUS' });
  expect(exporter.getFinishedSpans()[0]).toMatchObject({ name: 'GET', status: { code: 2 }, attributes: { 'error.type': '404' } });
});

it('notify.slack: a span, and nothing of the trace for Slack', async () => {
  await using server = await serve((_, response) => response.end('ok'));
  await using ctx = createTestContext({ task: notifySlack, secrets: { SLACK_WEBHOOK_URL: `${server.url}/services/T0/B0/s3cret` } });
  const { spans } = await traced(() => notifySlack.execute(ctx, { payload: { text: 'hello' } }));
  expect(spans.map(({ name }) => name)).toEqual(['POST']);
  expect(JSON.stringify(spans[0]?.attributes)).not.toContain('s3cret');
  expect(server.requests[0]?.headers.traceparent).toBeUndefined();
});

it('kafka.publish: a producer span, and the trace in the headers of each message', async () => {
  const { brokers } = await kafka();
  const topic = await makeTopic(brokers);
  await using ctx = createTestContext({ task: kafkaPublish });
  const { spans, traceId } = await traced(() =>
    kafkaPublish.execute(ctx, {
      payload: { brokers, topic, messages: [{ value: 'a' }, { value: 'b', headers: { traceparent: 'mine' } }] },
    }),
  );
  expect(spans).toMatchObject([
    {
      name: `send ${topic}`,
      kind: SpanKind.PRODUCER,
      attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': topic, 'messaging.batch.message_count': 2 },
    },
  ]);
  const read = await readTopic(brokers, topic);
  expect(read.map(({ headers }) => headers.traceparent)).toEqual([of(traceId), 'mine']);
});

it('nats.publish: a producer span, and the trace in the headers of each message', async () => {
  const { url } = await nats();
  const nc = await connect({ servers: url });
  try {
    const subject = `telemetry.${process.pid}`;
    const received = nc.subscribe(subject, { max: 2 });
    await nc.flush();
    await using ctx = createTestContext({ task: natsPublish });
    const messages = ['a', { data: 'b', headers: { traceparent: 'mine' } }];
    const { spans, traceId } = await traced(() => natsPublish.execute(ctx, { payload: { servers: [url], subject, messages } }));
    expect(spans).toMatchObject([{ name: `publish ${subject}`, kind: SpanKind.PRODUCER, attributes: { 'messaging.system': 'nats' } }]);
    const headers: unknown[] = [];
    for await (const message of received) headers.push(message.headers?.get('traceparent'));
    expect(headers).toEqual([of(traceId), 'mine']);
  } finally {
    await nc.close();
  }
});

it('s3.put: a span per command', async () => {
  await using bucket = await testBucket();
  await using ctx = createTestContext({ task: s3Put });
  const { spans } = await traced(() => s3Put.execute(ctx, { payload: { ...bucket.base, key: 'a', body: 'text' } }));
  expect(spans).toMatchObject([
    { name: 'S3.PutObject', kind: SpanKind.CLIENT, attributes: { 'rpc.method': 'PutObject', 'aws.s3.bucket': bucket.name } },
  ]);
});

it('db.query: a span per transaction, without its statement', async () => {
  await using db = await testDatabase();
  await using ctx = runContext(db.url, { task: dbQuery });
  const { spans } = await traced(() => query(ctx, { sql: "SELECT 's3cret' AS a" }));
  expect(spans).toMatchObject([{ name: 'postgresql read', kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } }]);
  expect(JSON.stringify(spans[0]?.attributes)).not.toMatch(/s3cret|password/i);
  exporter.reset();
  await expect(traced(() => query(ctx, { sql: 'SELECT nothing FROM nowhere' }))).rejects.toThrow();
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    status: { code: 2 },
    attributes: { 'error.type': expect.stringMatching(/^DB_/) },
  });
});

it('sig.ingest: a span per request, and the trace for SIG', async () => {
  await using sig = await startSigSandbox();
  await using ctx = createTestContext({ task: sigIngest, secrets: { SIG_INGEST_URL: sig.url } });
  const { spans } = await traced(() => sigIngest.execute(ctx, { payload: { items: [{ id: 'a', payload: { n: 1 } }] } }));
  expect(spans.length).toBeGreaterThan(0);
  expect(spans[0]).toMatchObject({
    name: 'SIG POST /ingest/batch',
    attributes: { 'url.path': '/ingest/batch', 'http.response.status_code': 200 },
  });
});
