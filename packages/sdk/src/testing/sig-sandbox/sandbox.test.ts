import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../canonical.ts';
import { PolicyClient } from '../../policy-client.ts';
import { type SigFault, type SigSandbox, type SigSandboxOptions, startSigSandbox } from './index.ts';

let sandbox: SigSandbox;
const started = async (options?: SigSandboxOptions) => {
  sandbox = await startSigSandbox(options);
};
afterEach(() => sandbox.close());

const ITEMS = {
  items: [
    { id: 'a', payload: { b: 1, a: 2 } },
    { id: 'b', payload: null },
  ],
};
const HEADERS = { 'content-type': 'application/json', 'idempotency-key': 'k1', 'x-correlation-run-id': 'run-1' };

async function post(path: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) {
  const sent = Object.fromEntries(Object.entries({ ...HEADERS, ...headers }).filter(([, value]) => value !== ''));
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(sandbox.url + path, { method: 'POST', headers: sent, body: text, ...(signal ? { signal } : {}) });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Record<string, unknown> };
}
const get = (path: string) => fetch(sandbox.url + path, { headers: { 'x-correlation-run-id': 'run-1' } });
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

describe('ingest', () => {
  it('takes a batch and gives receipts: the sha256 of each canonical payload', async () => {
    await started();
    const { status, json } = await post('/ingest/batch', ITEMS, {
      'x-policy-purpose': 'p',
      'x-policy-authority': 'a',
      'x-policy-license': 'l',
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      jobId: 'job-1',
      receipts: [
        { id: 'a', hash: sha256(canonicalJson({ a: 2, b: 1 })) },
        { id: 'b', hash: sha256('null') },
      ],
    });
    expect(sandbox.items.get('a')).toMatchObject({ id: 'a', payload: { a: 2, b: 1 }, jobId: 'job-1' });
    expect(sandbox.batches).toMatchObject([
      { jobId: 'job-1', idempotencyKey: 'k1', ids: ['a', 'b'], correlation: { 'run-id': 'run-1' }, policy: { purpose: 'p' } },
    ]);
    expect(sandbox.requests).toMatchObject([{ method: 'POST', path: '/ingest/batch', status: 200 }]);
  });

  it('answers the same key and body as before, without another effect', async () => {
    await started();
    const first = await post('/ingest/batch', ITEMS);
    const again = await post('/ingest/batch', JSON.stringify(ITEMS, null, 2));
    expect(again.json).toEqual(first.json);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([...sandbox.effects.values()]).toEqual([1, 1]);
    const other = await post('/ingest/batch', { items: [{ id: 'c', payload: 1 }] });
    expect(other).toMatchObject({ status: 422, json: { error: { code: 'idempotency_key_reused' } } });
    await post('/ingest/batch', ITEMS, { 'idempotency-key': 'k2' });
    expect([...sandbox.effects.values()]).toEqual([2, 2]);
  });

  it.each([
    ['another content type', ITEMS, { 'content-type': 'text/plain' }, 415, 'content_type'],
    ['a content encoding', ITEMS, { 'content-encoding': 'gzip' }, 415, 'content_encoding'],
    ['no key', ITEMS, { 'idempotency-key': '' }, 400, 'idempotency_key_missing'],
    ['a key with spaces', ITEMS, { 'idempotency-key': 'a b' }, 400, 'idempotency_key_invalid'],
    ['no correlation', ITEMS, { 'x-correlation-run-id': '' }, 400, 'correlation_missing'],
    ['half a policy', ITEMS, { 'x-policy-purpose': 'p' }, 400, 'policy_invalid'],
    ['no JSON', '{"items":', {}, 400, 'body_not_json'],
    ['an unknown field', { ...ITEMS, more: 1 }, {}, 422, 'body_invalid'],
    ['an unknown field of an item', { items: [{ id: 'a', payload: 1, x: 1 }] }, {}, 422, 'body_invalid'],
    ['no items', { items: [] }, {}, 422, 'body_invalid'],
    ['an empty id', { items: [{ id: '', payload: 1 }] }, {}, 422, 'body_invalid'],
    ['no payload', { items: [{ id: 'a' }] }, {}, 422, 'body_invalid'],
    [
      'an id twice',
      {
        items: [
          { id: 'a', payload: 1 },
          { id: 'a', payload: 2 },
        ],
      },
      {},
      422,
      'item_id_repeated',
    ],
    ['too many items', { items: ['a', 'b', 'c'].map((id) => ({ id, payload: 1 })) }, {}, 413, 'batch_too_large'],
    ['too many bytes', { items: [{ id: 'a', payload: 'x'.repeat(2_000) }] }, {}, 413, 'body_too_large'],
  ])('refuses %s', async (_, body, headers, status, code) => {
    await started({ maxBatchItems: 2, maxBodyBytes: 1_000 });
    const answered = await post('/ingest/batch', body, headers as Record<string, string>);
    expect(answered).toMatchObject({ status, json: { error: { code, message: expect.stringMatching(/.{10}/) } } });
    expect(sandbox.counts.batches).toBe(0);
  });

  it('asks for its token, path and method', async () => {
    await started({ token: 'not-a-real-token' });
    expect((await post('/ingest/batch', ITEMS)).status).toBe(401);
    expect((await post('/ingest/batch', ITEMS, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post('/ingest/batch', ITEMS, { authorization: 'Bearer not-a-real-token' })).status).toBe(200);
    expect((await post('/ingest', ITEMS)).status).toBe(404);
    expect((await get('/ingest/batch')).status).toBe(405);
  });

  it('counts without keeping anything', async () => {
    await started({ keep: false });
    await post('/ingest/batch', ITEMS);
    expect(sandbox.counts).toMatchObject({ requests: 1, batches: 1, items: 2 });
    expect([sandbox.items.size, sandbox.batches.length, sandbox.requests.length, sandbox.effects.size]).toEqual([0, 0, 0, 0]);
  });
});

describe('faults', () => {
  it('happen to as many requests as were said, after as many as were said', async () => {
    await started();
    sandbox.inject({ kind: 'status', status: 429, retryAfter: 7 }, { skip: 1, times: 2 });
    const seen = [];
    for (const key of ['1', '2', '3', '4']) seen.push(await post('/ingest/batch', ITEMS, { 'idempotency-key': key }));
    expect(seen.map(({ status }) => status)).toEqual([200, 429, 429, 200]);
    expect(seen[1]?.headers.get('retry-after')).toBe('7');
    expect(sandbox.effects.get('a')).toBe(2);
    sandbox.inject({ kind: 'status', status: 500 });
    sandbox.clearFaults();
    expect((await post('/ingest/batch', ITEMS)).status).toBe(200);
  });

  it.each<[SigFault, boolean]>([
    [{ kind: 'cut' }, false],
    [{ kind: 'cut', after: true }, true],
    [{ kind: 'half-answer' }, true],
    [{ kind: 'malformed' }, true],
    [{ kind: 'silent' }, false],
    [{ kind: 'silent', after: true }, true],
  ])('%j: no answer, effect %s, and the request may be repeated', async (fault, effect) => {
    await started();
    sandbox.inject(fault);
    await expect(post('/ingest/batch', ITEMS, {}, AbortSignal.timeout(100))).rejects.toThrow();
    expect(sandbox.effects.size > 0).toBe(effect);
    expect((await post('/ingest/batch', ITEMS)).status).toBe(200);
    expect(sandbox.effects.get('a')).toBe(1);
  });

  it('spoil receipts only on the way', async () => {
    await started();
    sandbox.inject({ kind: 'missing-receipts' });
    sandbox.inject({ kind: 'wrong-hash', ids: ['a'] });
    expect((await post('/ingest/batch', ITEMS)).json.receipts).toHaveLength(1);
    expect((await post('/ingest/batch', ITEMS)).json.receipts).toMatchObject([{ id: 'a', hash: '0'.repeat(64) }, { id: 'b' }]);
    expect((await post('/ingest/batch', ITEMS)).json.receipts).toHaveLength(2);
  });

  it('may wait from the start', async () => {
    await started({
      faults: [
        { kind: 'status', status: 429, retryAfter: 1 },
        { kind: 'cut', skip: 1 },
      ],
    });
    expect((await post('/ingest/batch', ITEMS)).status).toBe(429);
    expect((await post('/ingest/batch', ITEMS)).status).toBe(200);
    await expect(post('/ingest/batch', ITEMS)).rejects.toThrow();
  });

  it('are slow where asked', async () => {
    await started();
    sandbox.inject({ kind: 'slow', ms: 50 });
    const begun = performance.now();
    expect((await post('/ingest/batch', ITEMS)).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(45);
  });
});

describe('exports', () => {
  it('become ready as they are asked for, with a bundle of what was ingested', async () => {
    await started();
    await post('/ingest/batch', ITEMS);
    const { status, json } = await post('/exports/request', { requestId: 'dsar-7' });
    expect([status, json]).toEqual([202, { exportId: 'export-1', requestId: 'dsar-7', status: 'pending' }]);
    expect((await post('/exports/request', { requestId: 'dsar-7' })).json).toEqual(json);
    expect(sandbox.exportCount).toBe(1);
    expect((await get('/exports/export-1/bundle')).status).toBe(409);
    const polls = [];
    for (let poll = 0; poll < 3; poll++) polls.push((await (await get('/exports/export-1')).json()) as Record<string, unknown>);
    expect(polls.map((poll) => poll.status)).toEqual(['pending', 'running', 'ready']);
    const bytes = Buffer.from(await (await get('/exports/export-1/bundle')).arrayBuffer());
    expect(polls[2]?.bundle).toEqual({ sha256: sha256(bytes), size: bytes.length, contentType: 'application/zip', name: 'export-1.zip' });
    expect((await get('/exports/nothing')).status).toBe(404);
  });

  it('fail where that is the script', async () => {
    await started({ exports: { polls: 0, failure: 'no such subject' } });
    await post('/exports/request', { requestId: 'dsar-7' });
    expect(await (await get('/exports/export-1')).json()).toMatchObject({ status: 'failed', reason: 'no such subject' });
  });
});

it('decides on policy', async () => {
  await started({ policy: ({ action }) => (action.name === 'read' ? { decision: 'allow' } : { decision: 'deny', reason: 'read only' }) });
  const client = new PolicyClient(sandbox.url);
  const ask = (name: string) => client.evaluate({ subject: { type: 'user', id: 'u' }, action: { name }, resource: { type: 'r', id: '1' } });
  expect(await ask('read')).toEqual({ decision: 'allow' });
  expect(await ask('write')).toEqual({ decision: 'deny', reason: 'read only' });
  expect(await post('/policy/evaluate', { action: {} })).toMatchObject({ status: 422 });
});
