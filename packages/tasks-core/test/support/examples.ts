import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createTestContext, startSigSandbox, type TestContext, type TestContextOptions } from '@summit/maestro-sdk/testing';
import { kafka, nats } from '@summit/maestro-services';
import { disclosurePackage } from '@summit/maestro-tasks-core';
import { connect, credsAuthenticator } from 'nats';
import { testDatabase } from './database.ts';
import { json, serve } from './http.ts';
import { makeTopic } from './kafka.ts';
import { testBucket } from './s3.ts';

/** What a call of an example needs: what it finds, and other places and credentials than the documented ones. */
export interface SetUp {
  context?: TestContextOptions;
  /** Fields put in the place of the example's. */
  places?: (ctx: TestContext) => Promise<Record<string, unknown>> | Record<string, unknown>;
  /** What the output is like. */
  output: object;
}

/** What an example uses, to be given back when it has run. */
export class Uses {
  readonly #used: AsyncDisposable[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#used.unshift(resource);
    return resource;
  }

  async end(): Promise<void> {
    for (const resource of this.#used) await resource[Symbol.asyncDispose]();
  }
}

type Run = (uses: Uses) => Promise<SetUp> | SetUp;

const REGION = 'eu-west-1';

async function ordersTable(uses: Uses) {
  const database = uses.use(await testDatabase());
  await database.client.query(`CREATE TABLE orders (id int PRIMARY KEY, status text, total numeric);
    INSERT INTO orders VALUES (1042, 'open', 5);
    CREATE TABLE events (at timestamptz); INSERT INTO events VALUES ('2026-02-01'), ('2025-02-01')`);
  return database;
}

const onOrders =
  (output: object): Run =>
  async (uses) => ({ context: { secrets: { DATABASE_URL: (await ordersTable(uses)).url } }, output });

async function bucketPlaces(uses: Uses, objects: Record<string, string> = {}) {
  const bucket = uses.use(await testBucket());
  for (const [Key, Body] of Object.entries(objects)) await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key, Body }));
  return bucket.base;
}

const inBucket =
  (output: object, objects?: Record<string, string>): Run =>
  async (uses) => {
    const places = await bucketPlaces(uses, objects);
    return { places: () => places, output };
  };

const http =
  (path: string, answer: Parameters<typeof serve>[0], output: object): Run =>
  async (uses) => {
    const server = uses.use(await serve(answer));
    return { context: { egress: { allow: ['127.0.0.1'] } }, places: () => ({ url: `${server.url}${path}` }), output };
  };

const records = (ctx: TestContext) =>
  ctx.artifacts.put('{"id":"a"}\n{"id":"b"}\n', { name: 'records.ndjson', contentType: 'application/x-ndjson' });

/** A disclosure bundle that is signed, and the key that it is checked with. */
async function signedBundle() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const signer = { keyId, sign: async (data: Uint8Array) => sign(null, data, privateKey) };
  await using ctx = createTestContext({ files: { 'request.json': '{}' }, signer });
  await disclosurePackage.execute(ctx, { payload: { files: ['request.json'], outPath: 'bundle.zip' } });
  const bytes = readFileSync(join(ctx.workspace, 'bundle.zip'));
  return { bytes, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

async function stream(url: string, name: string, subjects: string[], options: object = {}) {
  const nc = await connect({ servers: url, ...options });
  try {
    // Shared by whoever runs the examples: made once, and never large.
    await (await nc.jetstreamManager()).streams.add({ name, subjects, max_msgs: 1_000 });
  } finally {
    await nc.close();
  }
}

/** How each example that documents no output or error is executed, by task and title. */
export const examples: Record<string, Record<string, Run>> = {
  'connectors/db.execute': {
    'A statement': onOrders({ rowCount: 1 }),
    'Rows that replace those with the same id': onOrders({ rowCount: 1 }),
  },
  'connectors/db.query': {
    'Rows with a parameter': onOrders({ rows: [{ id: 1042, total: '5' }], count: 1 }),
    'A large result as an artifact, from another database': async (uses) => {
      const { url } = await ordersTable(uses);
      return { places: () => ({ connection: url }), output: { count: 1, artifact: { name: 'events.ndjson' } } };
    },
  },
  'connectors/http.request': {
    'Read a JSON document': http('/items/7', ({ headers }, response) => json(response, { token: headers.authorization }), {
      status: 200,
      json: { token: 'Bearer from-a-secret' },
    }),
    'Create something once, however often the step is attempted': http(
      '/orders',
      ({ headers, body }, response) => json(response, JSON.parse(body), headers['idempotency-key'] ? 201 : 400),
      { status: 201 },
    ),
    'A list of several pages, as NDJSON': http(
      '/items',
      ({ url }, response, count) => {
        const next = new URL(`${url}&page=2`, 'http://localhost');
        json(response, [{ n: count }], 200, count === 1 ? { link: `<${next.pathname}${next.search}>; rel="next"` } : {});
      },
      { status: 200, artifact: { contentType: 'application/x-ndjson' } },
    ),
  },
  'connectors/kafka.publish': {
    'Two events of one customer, which keep their order': async () => {
      const { brokers } = await kafka();
      const topic = await makeTopic(brokers);
      return { places: () => ({ brokers, topic }), output: { count: 2, offsets: [{ partition: 0, baseOffset: '0' }] } };
    },
    'Records of an artifact over TLS, logged in with the secrets KAFKA_USERNAME and KAFKA_PASSWORD': async () => {
      const { brokers, saslTls } = await kafka();
      const topic = await makeTopic(brokers);
      return {
        context: { secrets: { KAFKA_USERNAME: saslTls.username, KAFKA_PASSWORD: saslTls.password } },
        places: async (ctx) => ({ brokers: saslTls.brokers, topic, ssl: { ca: saslTls.ca }, artifact: await records(ctx) }),
        output: { count: 2 },
      };
    },
  },
  'connectors/nats.publish': {
    'A message to whoever listens': async () => {
      const { url } = await nats();
      return { places: () => ({ servers: url }), output: { count: 1 } };
    },
    'Stored by a stream, each message once': async () => {
      const { url } = await nats();
      await stream(url, 'ORDERS', ['orders.>']);
      return { places: () => ({ servers: [url] }), output: { count: 2, streams: [{ stream: 'ORDERS' }] } };
    },
    'The records of an artifact over TLS, logged in with the secret NATS_CREDS': async () => {
      const { jwt } = await nats();
      await stream(jwt.url, 'RECORDS', ['records.>'], { authenticator: credsAuthenticator(new TextEncoder().encode(jwt.creds)) });
      return {
        context: { secrets: { NATS_CREDS: jwt.creds } },
        places: async (ctx) => ({ servers: jwt.url, artifact: await records(ctx) }),
        output: { count: 2, streams: [{ stream: 'RECORDS' }] },
      };
    },
  },
  'connectors/s3.get': {
    'A JSON file as a value': inBucket({ json: { orders: 3 } }, { '2026/summary.json': '{"orders":3}' }),
    'A large file from another store': inBucket({ artifact: { size: 6 } }, { 'orders.ndjson': '{"a":1' }),
    'The first kilobyte of a public object': async (uses) => {
      // Who may read without a name is said by the store's own policies; this one answers as such a store does.
      const text = 'x'.repeat(1_024);
      const headers = { etag: '"e"', 'content-length': '1024', 'content-range': 'bytes 0-1023/5000', 'content-type': 'text/plain' };
      const store = uses.use(
        await serve(({ headers: { authorization, range } }, response) =>
          authorization === undefined && range === 'bytes=0-1023'
            ? response.writeHead(206, headers).end(text)
            : response.writeHead(403).end(),
        ),
      );
      return { places: () => ({ endpoint: store.url, region: REGION }), output: { body: text, size: 1_024 } };
    },
  },
  'connectors/s3.put': {
    'A JSON value': inBucket({ size: 25 }),
    'Only if it is not there yet': inBucket({ size: 8 }),
    'In a store that is not AWS': inBucket({ size: 5 }),
    'An artifact, encrypted and kept for a year': async (uses) => {
      // No store that runs on a machine of its own has keys of a key service: this one looks whether it is asked as AWS is.
      const asked = {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'alias/archive',
        'x-amz-object-lock-mode': 'GOVERNANCE',
        'x-amz-expected-bucket-owner': '111122223333',
      };
      const store = uses.use(
        await serve(({ method, headers }, response) => {
          const right = Object.entries(asked).every(([name, value]) => headers[name] === value);
          if (method !== 'PUT') return response.writeHead(404).end();
          return response.writeHead(right ? 200 : 400, { etag: '"900150983cd24fb0d6963f7d28e17f72"' }).end();
        }),
      );
      return {
        places: async (ctx) => ({
          endpoint: store.url,
          credentials: { accessKeyId: 'maestro', secretAccessKey: 'a-plain-secret' },
          artifact: await ctx.artifacts.put('abc', { name: 'bundle.zip', contentType: 'application/zip' }),
        }),
        output: { size: 3 },
      };
    },
  },
  'connectors/sig.export': {
    'An export for a request for disclosure': async (uses) => {
      const sig = uses.use(await startSigSandbox());
      return {
        context: { secrets: { SIG_EXPORT_URL: sig.url } },
        output: { status: 'ready', artifact: { contentType: 'application/zip' } },
      };
    },
    'One that may take its time, signed by a known key': async (uses) => {
      const { bytes, publicKey } = await signedBundle();
      const bundle = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, name: 'export-1.zip' };
      // The sandbox signs nothing; this one does, as SIG with a key.
      const sig = uses.use(
        await serve(({ url, headers }, response) => {
          if (headers.authorization !== 'Bearer a-plain-token') return response.writeHead(401).end();
          if (url.endsWith('/bundle')) return response.writeHead(200, { 'content-type': 'application/zip' }).end(bytes);
          return json(response, {
            exportId: 'export-1',
            ...(url.endsWith('/request') ? { status: 'pending' } : { status: 'ready', bundle }),
          });
        }),
      );
      return {
        context: { secrets: { SIG_EXPORT_URL: sig.url, SIG_TOKEN: 'a-plain-token' } },
        places: () => ({ publicKey }),
        output: { exportId: 'export-1', status: 'ready', artifact: { sha256: bundle.sha256 } },
      };
    },
  },
  'connectors/sig.ingest': {
    'Two items': async (uses) => {
      const sig = uses.use(await startSigSandbox());
      return { context: { secrets: { SIG_INGEST_URL: sig.url } }, output: { receipts: [{ id: 'person-1' }, { id: 'person-2' }] } };
    },
    'The records of an artifact, each named by its field id': async (uses) => {
      const sig = uses.use(await startSigSandbox({ token: 'a-plain-token' }));
      return {
        context: { secrets: { SIG_INGEST_URL: sig.url, SIG_TOKEN: 'a-plain-token' } },
        places: async (ctx) => ({ artifact: await records(ctx) }),
        output: { receipts: [{ id: 'a' }, { id: 'b' }] },
      };
    },
  },
  'ops/approval.gate': {
    'A release manager': () => ({ context: { decisions: [[{ by: 'olive' }]] }, output: { approved: true } }),
    'Two of three': () => ({
      context: {
        decisions: [
          [
            { by: 'olive', role: 'sre-oncall' },
            { by: 'dan', role: 'data-lead' },
          ],
        ],
      },
      output: { approved: true, decisions: [{ by: 'olive' }, { by: 'dan' }] },
    }),
  },
  'ops/disclosure.package': {
    'Two files, one with a description': () => ({
      context: { files: { 'report.pdf': 'a report', 'data/table.csv': 'a,b\n' } },
      output: { bundle: 'bundle.zip' },
    }),
    'A bundle that anybody can make again, byte by byte': () => ({
      context: { files: { 'report.pdf': 'a report' } },
      output: { bundle: 'bundle.zip', manifest: [{ path: 'report.pdf' }] },
    }),
  },
  'tasks/notify.slack': {
    'To the webhook of the secret SLACK_WEBHOOK_URL': async (uses) => {
      const slack = uses.use(await serve((_, response) => response.writeHead(200).end('ok')));
      const url = `${slack.url}/services/T000/B000/plain`;
      return { context: { secrets: { SLACK_WEBHOOK_URL: url }, egress: { allow: ['127.0.0.1'] } }, output: { ok: true } };
    },
    'A reply in a thread, with blocks': async (uses) => {
      const slack = uses.use(await serve((_, response) => json(response, { ok: true, ts: '1.2', channel: 'C0123456789' })));
      return {
        context: { secrets: { SLACK_BOT_TOKEN: 'a-plain-token' }, egress: { allow: ['127.0.0.1'] } },
        places: () => ({ apiUrl: `${slack.url}/api/` }),
        output: { ok: true, ts: '1.2' },
      };
    },
  },
};
