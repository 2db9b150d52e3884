import { createHash } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson, type RunContext, type TaskError } from '@summit/maestro-sdk';
import { createTestContext, type SigFault, type SigSandbox, startSigSandbox, type TestContext } from '@summit/maestro-sdk/testing';
import { certificates, faultProxy } from '@summit/maestro-services';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve } from '../../test/support/http.ts';
import { sigIngest } from './sig.ingest.ts';

type Payload = Parameters<typeof sigIngest.execute>[1]['payload'];

let sig: SigSandbox;
let ctx: TestContext;
beforeEach(async () => {
  sig = await startSigSandbox();
  ctx = createTestContext({
    task: sigIngest,
    idempotencyKey: 'run-1/ingest',
    secrets: { SIG_INGEST_URL: sig.url, SIG_TOKEN: 'not-a-real-token' },
  });
});
afterEach(async () => {
  await ctx.dispose();
  await sig.close();
});

const ingest = async (payload: Payload, context: RunContext = ctx) => (await sigIngest.execute(context, { payload })).payload;
const failing = async (payload: Payload, context: RunContext = ctx) =>
  (await sigIngest.execute(context, { payload }).then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  )) as TaskError;
const items = (count: number, from = 0) => Array.from({ length: count }, (_, n) => ({ id: `i-${from + n}`, payload: { n: from + n } }));
const ndjson = (records: readonly unknown[], name = 'people.ndjson') =>
  ctx.artifacts.put(records.map((record) => `${JSON.stringify(record)}\n`).join(''), { name, contentType: 'application/x-ndjson' });
const hashOf = (payload: unknown) => createHash('sha256').update(canonicalJson(payload)).digest('hex');
const onceEach = () => expect([...new Set(sig.effects.values())]).toEqual([1]);
/** A context of its own for the same step: what the next attempt gets, in this worker or another. */
const nextAttempt = () => ({ ...ctx, attempt: 2 }) as RunContext;

describe('sig.ingest', () => {
  it('sends items and returns a receipt for each, in their order', async () => {
    const output = await ingest({ items: items(3) });
    expect(output).toMatchObject({
      jobId: 'job-1',
      jobIds: ['job-1'],
      receipts: items(3).map(({ id, payload }) => ({ id, hash: hashOf(payload) })),
      count: 3,
      batches: 1,
    });
    const lines = (await ctx.readArtifact(output.receiptsArtifact)).toString().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(output.receipts.map((receipt) => ({ ...receipt, jobId: 'job-1' })));
    expect(sig.items.get('i-1')?.payload).toEqual({ n: 1 });
  });

  it('tells what the requests belong to, under which policy, and by whose right', async () => {
    const policy = { purpose: 'fraud case', authority: 'Straße 1', license: 'cc-by' };
    const context = createTestContext({ runId: 'run-7', correlation: { runId: 'run-7', traceParent: 'a b' }, policy });
    await ingest({ endpoint: sig.url, items: items(1), token: 'given' }, context);
    await context.dispose();
    expect(sig.batches[0]).toMatchObject({
      correlation: { 'run-id': 'run-7', 'trace-parent': 'a b' },
      policy: { purpose: 'fraud case', authority: 'Stra%C3%9Fe%201', license: 'cc-by' },
    });
    expect(sig.requests[0]?.headers.authorization).toBe('Bearer given');
  });

  it('asks for a token only where it is to send one', async () => {
    await using strict = await startSigSandbox({ token: 'not-a-real-token' });
    expect(await failing({ endpoint: strict.url, items: items(1) })).toMatchObject({
      code: 'SIG_UNAUTHORIZED',
      retryable: false,
      message: expect.stringContaining('expected a bearer token, found none; no token was sent, see auth'),
    });
    expect(ctx.secretsAsked).toEqual([]);
    await ingest({ endpoint: strict.url, items: items(1), auth: true });
    expect(ctx.secretsAsked).toEqual(['SIG_TOKEN']);
    const bare = createTestContext({ task: sigIngest });
    expect(await failing({ items: items(1) }, bare)).toMatchObject({
      code: 'SECRET_MISSING',
      message: expect.stringContaining('SIG_INGEST_URL'),
    });
    await bare.dispose();
  });

  it('makes batches by count and by bytes, the same ones whatever the rest', async () => {
    await ingest({ items: items(25), batchSize: 10, concurrency: 3 });
    expect(sig.batches.map(({ ids }) => ids.length).sort()).toEqual([10, 10, 5]);
    const wide = items(6).map(({ id }) => ({ id, payload: 'é'.repeat(200) }));
    const output = await ingest({ items: wide, maxBatchBytes: 1_024, concurrency: 1 });
    expect(output.batches).toBe(3);
    expect(Math.max(...sig.batches.slice(3).map(({ bytes }) => bytes))).toBeLessThanOrEqual(1_024);
  });

  it('takes the records of an artifact, as items or named by a field', async () => {
    await ingest({ artifact: await ndjson(items(7)), batchSize: 3 });
    expect(sig.items.size).toBe(7);
    await ingest({
      artifact: await ndjson([
        { key: 'k1', a: 1 },
        { key: 22, a: 2 },
      ]),
      idField: 'key',
    });
    expect(sig.items.get('k1')?.payload).toEqual({ key: 'k1', a: 1 });
    expect(sig.items.get('22')?.payload).toEqual({ key: 22, a: 2 });
    const array = await ctx.artifacts.put(JSON.stringify(items(2, 100)), { name: 'raw.json', contentType: 'application/json' });
    expect((await ingest({ artifact: array })).count).toBe(2);
  });

  it('puts receipts that are too many for an output into the artifact alone', async () => {
    const output = await ingest({ artifact: await ndjson(items(3_000)) });
    expect(output).toMatchObject({ receipts: [], count: 3_000, batches: 6 });
    expect(output.jobIds).toHaveLength(6);
    const lines = (await ctx.readArtifact(output.receiptsArtifact)).toString().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(items(3_000).map(({ id }) => id));
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"id":', /^record 2 of people.ndjson is no item: is not JSON/],
    ['no object', '[1]', /record 2 .* expected \{ id, payload \}, found \[1\]/],
    ['no id', '{"payload":1}', /record 2 .* expected id to be a text that is not empty, found nothing/],
    ['an id that is a number', '{"id":7,"payload":1}', /found 7/],
    ['no payload', '{"id":"x"}', /record 2 .* has no payload/],
    ['an integer that would lose digits', '{"id":"x","payload":{"n":9007199254740993}}', /record 2 .* has the integer 9007199254740993/],
    ['another field', '{"id":"x","payload":1,"z":1}', /unknown field "z"/],
  ])('names the record that is no item: %s', async (_, line, message) => {
    const artifact = await ctx.artifacts.put(`{"id":"a","payload":1}\n${String(line)}\n`, { name: 'people.ndjson' });
    expect(await failing({ artifact })).toMatchObject({
      code: 'SIG_ITEM_INVALID',
      retryable: false,
      message: expect.stringMatching(message),
    });
    expect(sig.counts.requests).toBe(0);
  });

  it('refuses what cannot be ingested before anything is sent', async () => {
    const twice = [...items(2), ...items(1, 1)];
    expect(await failing({ items: twice, batchSize: 1 })).toMatchObject({
      code: 'SIG_ITEM_REPEATED',
      message: expect.stringContaining('items[1] and items[2] have the same id "i-1"'),
    });
    expect(await failing({ artifact: await ndjson(twice) })).toMatchObject({ code: 'SIG_ITEM_REPEATED' });
    expect(await failing({ artifact: await ndjson([{ n: 1 }]), idField: 'key' })).toMatchObject({ code: 'SIG_ITEM_INVALID' });
    expect(await failing({ artifact: await ndjson([]) })).toMatchObject({ code: 'SIG_NO_ITEMS' });
    expect(await failing({ items: [{ id: 'big', payload: 'x'.repeat(2_000) }], maxBatchBytes: 1_024 })).toMatchObject({
      code: 'SIG_ITEM_TOO_LARGE',
    });
    for (const payload of [10n, () => 1, { toJSON: () => undefined }]) {
      expect(await failing({ items: [...items(1), { id: 'odd', payload }] })).toMatchObject({
        code: 'SIG_ITEM_INVALID',
        message: 'items[1] is no item: its payload is not JSON',
      });
    }
    expect(await failing({ items: Array(1) as never })).toMatchObject({ code: 'SIG_ITEM_INVALID' });
    expect(await failing({ items: [{ id: 'odd', payload: '\ud800' }], verifyReceipts: true })).toMatchObject({
      code: 'SIG_ITEM_INVALID',
      message: expect.stringMatching(/^items\[0\] is no item: its value has no canonical JSON .*surrogate/),
    });
    for (const payload of [{}, { items: [] }, { items: items(1), idField: 'a' }, { items: items(1), artifact: await ndjson([]) }]) {
      expect(await failing(payload as Payload)).toMatchObject({ code: 'INVALID_INPUT' });
    }
    for (const endpoint of ['nowhere', 'ftp://a', 'http://u:p@a', 'http://a?key=1']) {
      const error = await failing({ endpoint, items: items(1) });
      expect(error).toMatchObject({ code: 'SIG_ENDPOINT_INVALID', message: expect.not.stringContaining('u:p') });
    }
    expect(sig.counts.requests).toBe(0);
  });

  it('takes ids and payloads of any kind', async () => {
    const ids = ['__proto__', 'constructor', 'a\nb', '☃', ' ', '\0'];
    const payloads = [null, 0, '', [], false, {}];
    const { receipts } = await ingest({ items: ids.map((id, at) => ({ id, payload: payloads[at] })), verifyReceipts: true });
    expect(receipts).toEqual(ids.map((id, at) => ({ id, hash: hashOf(payloads[at]) })));
  });

  it('does not repeat what a server says of the token', async () => {
    await using server = await serve((_, response) => response.writeHead(401).end('{"message":"not-a-real-token is not known"}'));
    const error = await failing({ endpoint: server.url, items: items(1), auth: true });
    expect(error).toMatchObject({ code: 'SIG_UNAUTHORIZED', message: expect.stringContaining('[redacted] is not known') });
  });

  it('fails with the ids that have no receipt', async () => {
    sig.inject({ kind: 'missing-receipts', ids: ['i-1', 'i-2'] });
    expect(await failing({ items: items(4) })).toMatchObject({
      code: 'SIG_RECEIPTS_MISSING',
      retryable: false,
      message: expect.stringContaining('gave no receipt for 2 of the 4 items of job job-1: "i-1", "i-2"'),
      details: { jobId: 'job-1', count: 2, missing: ['i-1', 'i-2'] },
    });
    await using more = await startSigSandbox();
    more.inject({ kind: 'answer', value: { jobId: 'j', receipts: [] } });
    const error = await failing({ endpoint: more.url, items: items(500) });
    expect(error.message).toContain('"i-19" and 480 more');
    expect(error.message.length).toBeLessThan(600);
  });

  it('compares receipts with what was sent where that is asked for', async () => {
    expect((await ingest({ items: items(3), verifyReceipts: true })).count).toBe(3);
    sig.inject({ kind: 'wrong-hash', ids: ['i-9'] }, { times: 2 });
    expect(await failing({ items: items(3, 8), verifyReceipts: true })).toMatchObject({
      code: 'SIG_RECEIPT_MISMATCH',
      details: { wrong: ['i-9'] },
    });
    expect((await ingest({ items: items(3, 8) })).count).toBe(3);
  });

  it.each<[SigFault, number]>([
    [{ kind: 'status', status: 429, retryAfter: 1 }, 1_000],
    [{ kind: 'status', status: 429, retryAfter: 1, after: true }, 1_000],
    [{ kind: 'status', status: 500 }, 0],
    [{ kind: 'status', status: 503, after: true }, 0],
    [{ kind: 'cut' }, 0],
    [{ kind: 'cut', after: true }, 0],
    [{ kind: 'half-answer' }, 0],
    [{ kind: 'malformed' }, 0],
    [{ kind: 'slow', ms: 100 }, 100],
  ])('gets over %j by itself, and every item is taken once', async (fault, atLeast) => {
    sig.inject(fault);
    const begun = performance.now();
    expect((await ingest({ items: items(6), batchSize: 2 })).count).toBe(6);
    expect(performance.now() - begun).toBeGreaterThan(atLeast - 5);
    expect(sig.effects.size).toBe(6);
    onceEach();
  });

  it.each<[SigFault, Partial<TaskError>]>([
    [
      { kind: 'status', status: 429, retryAfter: 3600 },
      { code: 'SIG_RATE_LIMITED', retryable: true, retryAfterMs: 3_600_000 },
    ],
    [
      { kind: 'status', status: 503 },
      { code: 'SIG_UNAVAILABLE', retryable: true },
    ],
    [{ kind: 'cut' }, { code: 'SIG_CONNECTION_LOST', retryable: true }],
    [{ kind: 'malformed' }, { code: 'SIG_ANSWER_INVALID', retryable: true }],
    [
      { kind: 'silent', after: true },
      { code: 'SIG_TIMEOUT', retryable: true },
    ],
    [
      { kind: 'answer', value: { jobId: 1 } },
      { code: 'SIG_ANSWER_INVALID', retryable: false },
    ],
    [
      { kind: 'answer', value: { jobId: 'j', receipts: [{ id: 'i-0' }] } },
      { code: 'SIG_ANSWER_INVALID', retryable: false },
    ],
    [
      { kind: 'answer', value: null },
      { code: 'SIG_ANSWER_INVALID', retryable: false },
    ],
    [
      { kind: 'status', status: 400, body: '{"error":{"message":"no such tenant"}}' },
      { code: 'SIG_REJECTED', retryable: false },
    ],
    [
      { kind: 'status', status: 413 },
      { code: 'SIG_BATCH_TOO_LARGE', retryable: false },
    ],
    [
      { kind: 'status', status: 403 },
      { code: 'SIG_UNAUTHORIZED', retryable: false },
    ],
    [
      { kind: 'status', status: 302 },
      { code: 'SIG_REJECTED', retryable: false },
    ],
  ])('ends with its code when %j stays, and succeeds when it is gone', async (fault, expected) => {
    sig.inject(fault, { times: Number.POSITIVE_INFINITY });
    const error = await failing({ items: items(2), timeoutMs: 300 });
    expect(error).toMatchObject(expected);
    if (error.code === 'SIG_REJECTED' && fault.kind === 'status' && fault.body)
      expect(error.message).toContain('answered 400 to POST /ingest/batch (items 1 to 2): no such tenant');
    sig.clearFaults();
    expect((await ingest({ items: items(2) }, nextAttempt())).count).toBe(2);
    onceEach();
  });

  it('sends a batch again with the same key in another attempt, which adds nothing', async () => {
    sig.inject({ kind: 'status', status: 400 }, { skip: 2 });
    expect(await failing({ items: items(9), batchSize: 3, concurrency: 1 })).toMatchObject({ code: 'SIG_REJECTED' });
    expect(sig.counts.batches).toBe(2);
    expect((await ingest({ items: items(9), batchSize: 3 }, nextAttempt())).jobIds).toEqual(['job-1', 'job-2', 'job-3']);
    expect(
      sig.requests
        .map(({ headers }) => headers['idempotency-key'])
        .sort()
        .filter((key, at, all) => key === all[at - 1]),
    ).toHaveLength(3);
    onceEach();
    // Another step is another effect, and so is another content.
    await ingest({ items: items(9), batchSize: 3 }, { ...ctx, idempotencyKey: 'run-2/ingest' } as RunContext);
    expect([...new Set(sig.effects.values())]).toEqual([2]);
  });

  it('keeps as many requests on their way as it was told', async () => {
    let open = 0;
    let most = 0;
    const server = createHttpServer(async (request, response) => {
      most = Math.max(most, ++open);
      const { items: sent } = (await json(request)) as { items: { id: string }[] };
      await delay(5);
      open--;
      response.end(JSON.stringify({ jobId: 'j', receipts: sent.map(({ id }) => ({ id, hash: 'h' })) }));
    });
    const port = await listening(server);
    await ingest({ endpoint: `http://127.0.0.1:${port}`, items: items(20), batchSize: 1, concurrency: 3 });
    await ctx.closeClients();
    server.close();
    expect(most).toBe(3);
  });

  it('any items in any batches under any faults that pass: a receipt for each, each taken once', async () => {
    const fault = fc.constantFrom<SigFault>(
      { kind: 'status', status: 500, after: true },
      { kind: 'status', status: 429, retryAfter: 0 },
      { kind: 'cut', after: true },
      { kind: 'half-answer' },
      { kind: 'malformed' },
    );
    const sets = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 20 }), payload: fc.jsonValue({ maxDepth: 2 }) }), {
      selector: ({ id }) => id,
      minLength: 1,
      maxLength: 40,
    });
    const faults = fc.array(fc.record({ fault, skip: fc.nat(10) }), { maxLength: 3 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        sets,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 8 }),
        faults,
        fc.boolean(),
        async (set, batchSize, concurrency, injected, stream) => {
          await using server = await startSigSandbox();
          for (const { fault, skip } of injected) server.inject(fault, { skip });
          const context = { ...ctx, idempotencyKey: `run-${run++}/ingest` } as RunContext;
          const limits = { endpoint: server.url, batchSize, concurrency, maxBatchBytes: 2_000, verifyReceipts: true };
          const output = await ingest(stream ? { ...limits, artifact: await ndjson(set) } : { ...limits, items: set }, context);
          expect(output.receipts).toEqual(set.map(({ id, payload }) => ({ id, hash: hashOf(JSON.parse(JSON.stringify(payload))) })));
          expect([...server.effects.values()].every((times) => times === 1)).toBe(true);
          expect(server.effects.size).toBe(set.length);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('sig.ingest in bad weather', () => {
  it('server down, then back: its code within its time, and a retry that adds nothing', async () => {
    const proxy = await faultProxy('127.0.0.1', sig.port);
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    await proxy.down();
    const begun = performance.now();
    expect(await failing({ endpoint, items: items(2) })).toMatchObject({
      code: 'SIG_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(performance.now() - begun).toBeLessThan(3_000);
    await proxy.up();
    await ingest({ endpoint, items: items(2) }, nextAttempt());
    onceEach();
    await ctx.closeClients();
    await proxy.close();
  });

  it('answers lost on the way, connections reset in the middle, then well: once each', async () => {
    const proxy = await faultProxy('127.0.0.1', sig.port);
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    proxy.loseReplies();
    expect(await failing({ endpoint, items: items(6), batchSize: 2, timeoutMs: 300 })).toMatchObject({ code: 'SIG_TIMEOUT' });
    expect(sig.effects.size).toBeGreaterThan(0);
    await proxy.up();
    proxy.cutAfter(700);
    const cutting = ingest({ endpoint, items: items(6), batchSize: 2, concurrency: 1 }, nextAttempt());
    setTimeout(() => proxy.cutAfter(Number.POSITIVE_INFINITY), 150);
    expect((await cutting).count).toBe(6);
    onceEach();
    await ctx.closeClients();
    await proxy.close();
  });

  it('accepted and silent: ends within its timeout, leaves no connection', async () => {
    const proxy = await faultProxy('127.0.0.1', sig.port);
    proxy.silence();
    const begun = performance.now();
    expect(await failing({ endpoint: `http://127.0.0.1:${proxy.port}`, items: items(2), timeoutMs: 200 })).toMatchObject({
      code: 'SIG_TIMEOUT',
    });
    expect(performance.now() - begun).toBeLessThan(1_500);
    await ctx.closeClients();
    await proxy.up();
    await expect.poll(() => proxy.connections).toBe(0);
    await proxy.close();
  });

  it('cancelled in the middle: ends at once with the reason, and everything with it', async () => {
    sig.inject({ kind: 'silent' }, { times: 10 });
    const reason = new Error('cancelled');
    setTimeout(() => ctx.abort(reason), 100);
    const begun = performance.now();
    expect(await failing({ items: items(20), batchSize: 2 })).toBe(reason);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(sig.effects.size).toBe(0);
  });

  it('a name that is not there, and a port where nobody speaks HTTP', async () => {
    const dns = failing({ endpoint: 'http://sig.invalid', items: items(1), connectTimeoutMs: 300, timeoutMs: 500 });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume().end('SSH-2.0-nobody\r\n');
    });
    const port = await listening(server);
    expect(await failing({ endpoint: `http://127.0.0.1:${port}`, items: items(1) })).toMatchObject({
      code: 'SIG_CONNECTION_LOST',
      retryable: true,
    });
    expect(await dns).toMatchObject({ code: 'SIG_UNREACHABLE', retryable: true });
    await ctx.closeClients();
    await new Promise((resolve) => server.close(resolve));
  });

  it('TLS: its own authority, a name that does not match, one that nobody trusts', async () => {
    const { ca, server, wrongName } = await certificates();
    await using well = await startSigSandbox({ tls: server });
    await using mismatched = await startSigSandbox({ tls: wrongName });
    expect((await ingest({ endpoint: well.url, items: items(1), tls: { ca } })).count).toBe(1);
    const begun = performance.now();
    expect(await failing({ endpoint: mismatched.url, items: items(1), tls: { ca } })).toMatchObject({
      code: 'SIG_TLS_FAILED',
      retryable: false,
    });
    expect(await failing({ endpoint: well.url, items: items(1) })).toMatchObject({ code: 'SIG_TLS_FAILED', retryable: false });
    expect(await failing({ endpoint: well.url, items: items(1), tls: { ca: 'no certificate' } })).toMatchObject({ code: 'TLS_INVALID' });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
