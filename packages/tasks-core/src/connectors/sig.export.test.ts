import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunContext, TaskError } from '@summit/maestro-sdk';
import {
  createTestContext,
  type SigFault,
  type SigRoute,
  type SigSandbox,
  startSigSandbox,
  type TestContext,
} from '@summit/maestro-sdk/testing';
import { certificates, faultProxy } from '@summit/maestro-services';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifyBundle } from '../ops/disclosure.verify.ts';
import { sigExport } from './sig.export.ts';

type Payload = Parameters<typeof sigExport.execute>[1]['payload'];

// Of its own, so that what is left behind is seen.
const temporary = mkdtempSync(join(tmpdir(), 'sig-export-test-'));
beforeAll(() => {
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) vi.stubEnv(name, temporary);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(temporary, { recursive: true, force: true });
});

let sig: SigSandbox;
let ctx: TestContext;
beforeEach(async () => {
  sig = await startSigSandbox();
  ctx = createTestContext({
    task: sigExport,
    idempotencyKey: 'run-1/export',
    secrets: { SIG_EXPORT_URL: sig.url, SIG_TOKEN: 'not-a-real-token' },
  });
});
afterEach(async () => {
  await ctx.dispose();
  await sig.close();
});

const exported = async (payload: Payload, context: RunContext = ctx) => (await sigExport.execute(context, { payload })).payload;
const failing = async (payload: Payload, context: RunContext = ctx) =>
  (await sigExport.execute(context, { payload }).then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  )) as TaskError;
const always = { times: Number.POSITIVE_INFINITY };
const READY = { exportId: 'export-1', status: 'ready' };
/** The test's context keeps its artifacts in a folder here too. */
const leftovers = () => readdirSync(temporary).filter((name) => name.startsWith('maestro-export-'));

describe('sig.export', () => {
  it('asks, waits on the engine, and stores the bundle it has verified', async () => {
    const output = await exported({ requestId: 'dsar-7', parameters: { subject: 'person-1' }, pollIntervalMs: 1_000 });
    expect(output).toMatchObject({
      exportId: 'export-1',
      status: 'ready',
      artifact: { name: 'export-1.zip', contentType: 'application/zip' },
    });
    expect(ctx.steps).toEqual(['request', 'status', 'status', 'status', 'bundle']);
    expect(ctx.sleeps).toEqual([1_000, 1_500, 2_250]);
    const file = join(ctx.workspace, 'export.zip');
    writeFileSync(file, await ctx.readArtifact(output.artifact));
    const report = await verifyBundle(file);
    expect(report).toMatchObject({ ok: true, files: [{ path: 'request.json' }, { path: 'items.ndjson' }] });
    expect(leftovers()).toEqual([]);
  });

  it('waits no longer between looks than it was told', async () => {
    sig.scriptExports({ polls: 6 });
    await exported({ requestId: 'dsar-7', pollIntervalMs: 10, maxPollIntervalMs: 30 });
    expect(ctx.sleeps).toEqual([10, 15, 23, 30, 30, 30, 30]);
  });

  it('finds its export again in another attempt, and makes another for another request', async () => {
    sig.inject({ kind: 'status', status: 404 }, { route: 'export-status' });
    expect(await failing({ requestId: 'dsar-7' })).toMatchObject({ code: 'SIG_REJECTED', retryable: false });
    expect((await exported({ requestId: 'dsar-7' })).exportId).toBe('export-1');
    expect(sig.exportCount).toBe(1);
    expect((await exported({ requestId: 'dsar-8' })).exportId).toBe('export-2');
  });

  it('says why an export failed', async () => {
    sig.scriptExports({ polls: 1, failure: 'no such subject' });
    expect(await failing({ requestId: 'dsar-7' })).toMatchObject({
      code: 'SIG_EXPORT_FAILED',
      retryable: false,
      message: 'export export-1 of dsar-7 failed: no such subject',
    });
  });

  it('keeps no bundle that is not what was announced, or not what its manifest says', async () => {
    sig.inject({ kind: 'wrong-bytes' }, { route: 'export-bundle' });
    expect(await failing({ requestId: 'dsar-7' })).toMatchObject({
      code: 'SIG_BUNDLE_CORRUPT',
      retryable: true,
      message: expect.stringMatching(/expected sha256 [0-9a-f]{64} as was announced, found [0-9a-f]{64}/),
    });
    sig.inject({ kind: 'wrong-bytes' }, { route: 'export-bundle' });
    sig.inject({ kind: 'answer', value: READY }, { route: 'export-status' });
    sig.inject({ kind: 'answer', value: READY }, { route: 'export-status' });
    // Not announced with a hash: the manifest is what tells.
    expect(await failing({ requestId: 'dsar-7' })).toMatchObject({
      code: 'SIG_BUNDLE_INVALID',
      retryable: false,
      message: expect.stringContaining('is not what its manifest says'),
    });
    sig.inject({ kind: 'status', status: 200, body: 'no zip at all' }, { route: 'export-bundle', times: 2 });
    expect(await failing({ requestId: 'dsar-7' })).toMatchObject({
      code: 'SIG_BUNDLE_INVALID',
      details: { problems: [{ code: 'ZIP_INVALID' }] },
    });
    const csv = { name: 'all.csv', contentType: 'text/csv' };
    sig.inject({ kind: 'answer', value: { ...READY, bundle: csv } }, { route: 'export-status' });
    expect(await failing({ requestId: 'dsar-7', verify: 'digest' })).toMatchObject({
      code: 'SIG_ANSWER_INVALID',
      message: expect.stringContaining('no bundle.sha256'),
    });
    const sha256 = createHash('sha256').update('no zip at all').digest('hex');
    sig.inject({ kind: 'answer', value: { ...READY, bundle: { ...csv, sha256 } } }, { route: 'export-status' });
    const other = await exported({ requestId: 'dsar-7', verify: 'digest' });
    expect(other.artifact).toMatchObject({ name: 'all.csv', contentType: 'text/csv' });
    expect((await ctx.readArtifact(other.artifact)).toString()).toBe('no zip at all');
    expect(leftovers()).toEqual([]);
  });

  it('demands a signature where a key is given', async () => {
    const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(await failing({ requestId: 'dsar-7', publicKey })).toMatchObject({
      code: 'SIG_BUNDLE_INVALID',
      details: { problems: [{ code: 'SIGNATURE_MISSING' }] },
    });
    expect(await failing({ requestId: 'dsar-7', publicKey: 'none' })).toMatchObject({ code: 'PUBLIC_KEY_INVALID' });
  });

  it('goes on waiting while SIG cannot be asked, up to ten times in a row', async () => {
    sig.inject({ kind: 'silent' }, { route: 'export-status', times: 3 });
    expect((await exported({ requestId: 'dsar-7', timeoutMs: 60 })).status).toBe('ready');
    sig.inject({ kind: 'silent' }, { route: 'export-status', ...always });
    expect(await failing({ requestId: 'dsar-8', timeoutMs: 30 })).toMatchObject({ code: 'SIG_TIMEOUT', retryable: true });
    expect(sig.exportCount).toBe(2);
  });

  it.each<[SigFault, SigRoute, Partial<TaskError>]>([
    [{ kind: 'status', status: 401 }, 'exports', { code: 'SIG_UNAUTHORIZED', retryable: false }],
    [{ kind: 'status', status: 429, retryAfter: 900 }, 'exports', { code: 'SIG_RATE_LIMITED', retryAfterMs: 900_000 }],
    [{ kind: 'cut', after: true }, 'exports', { code: 'SIG_CONNECTION_LOST', retryable: true }],
    [{ kind: 'answer', value: { exportId: 'e', status: 'lost' } }, 'exports', { code: 'SIG_ANSWER_INVALID', retryable: false }],
    [{ kind: 'answer', value: {} }, 'exports', { code: 'SIG_ANSWER_INVALID', retryable: false }],
    [{ kind: 'answer', value: { ...READY, bundle: { size: -1 } } }, 'export-status', { code: 'SIG_ANSWER_INVALID', retryable: false }],
    [{ kind: 'half-answer' }, 'export-bundle', { code: 'SIG_CONNECTION_LOST', retryable: true }],
    [{ kind: 'status', status: 503 }, 'export-bundle', { code: 'SIG_UNAVAILABLE', retryable: true }],
    [{ kind: 'silent' }, 'export-bundle', { code: 'SIG_TIMEOUT', retryable: true }],
  ])('ends with its code when %j stays at %s, and succeeds when it is gone', async (fault, route, expected) => {
    sig.inject(fault, { route, ...always });
    const begun = performance.now();
    expect(await failing({ requestId: 'dsar-7', timeoutMs: 2_000 })).toMatchObject(expected);
    expect(performance.now() - begun).toBeLessThan(4_500);
    sig.clearFaults();
    expect((await exported({ requestId: 'dsar-7' })).status).toBe('ready');
    expect(sig.exportCount).toBe(1);
    expect(leftovers()).toEqual([]);
  });

  it('ends at once when it is cancelled, waiting or fetching', async () => {
    const waiting = createTestContext({ task: sigExport, waits: 'hang' });
    const reason = new Error('cancelled');
    setTimeout(() => waiting.abort(reason), 50);
    expect(await failing({ endpoint: sig.url, requestId: 'dsar-7' }, waiting)).toBe(reason);
    await waiting.dispose();
    sig.inject({ kind: 'silent' }, { route: 'export-bundle' });
    setTimeout(() => ctx.abort(reason), 200);
    expect(await failing({ requestId: 'dsar-7' })).toBe(reason);
    await expect.poll(leftovers).toEqual([]);
  });

  it('nobody there, a certificate for another name, nothing configured', async () => {
    const proxy = await faultProxy('127.0.0.1', sig.port);
    await proxy.down();
    const endpoint = `http://127.0.0.1:${proxy.port}`;
    expect(await failing({ endpoint, requestId: 'dsar-7' })).toMatchObject({ code: 'SIG_UNREACHABLE', retryable: true });
    await proxy.up();
    expect((await exported({ endpoint, requestId: 'dsar-7' })).status).toBe('ready');
    await ctx.closeClients();
    await proxy.close();
    const { ca, wrongName } = await certificates();
    await using mismatched = await startSigSandbox({ tls: wrongName });
    expect(await failing({ endpoint: mismatched.url, requestId: 'dsar-7', tls: { ca } })).toMatchObject({ code: 'SIG_TLS_FAILED' });
    const bare = createTestContext({ task: sigExport });
    expect(await failing({ requestId: 'dsar-7' }, bare)).toMatchObject({ code: 'SECRET_MISSING' });
    expect(await failing({} as Payload)).toMatchObject({ code: 'INVALID_INPUT' });
  });
});
