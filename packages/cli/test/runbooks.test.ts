import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startSigSandbox } from '@summit/maestro-sdk/testing';
import { s3 } from '@summit/maestro-services';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { describe, expect, onTestFinished, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { channel, deployments, faults } from './operations.ts';
import { maestro } from './process.ts';
import { folder } from './project.ts';

/**
 * The shipped runbooks, run as an operator runs them: from the command line, on the embedded engine, against servers. Of each one run
 * is killed in the middle, worker and engine, and comes to the same end.
 */

const CATALOG = fileURLToPath(new URL('../../../runbooks', import.meta.url));

interface Operation {
  runbook: string;
  inputs?: Record<string, string>;
  roles?: string[];
  secrets?: Record<string, string>;
  env?: Record<string, string>;
  flags?: string[];
  /** Files in the workspace. */
  files?: Record<string, string>;
  /** Decisions in the order in which they are asked for. */
  decisions?: { role: string; reject?: string }[];
  /** A task: as soon as it has been started, worker and engine are killed; another process goes on. */
  killAt?: string;
}

interface Ended {
  code: unknown;
  /** Task and how it ended, in the order in which they did. */
  tasks: string[];
  result: { status: string; outputs?: Record<string, unknown>; error?: { code: string; message: string; task?: string } };
  stderr: string;
}

async function operate({
  runbook,
  inputs = {},
  roles = [],
  secrets = {},
  env = {},
  flags = [],
  decisions = [],
  files = {},
  killAt,
}: Operation): Promise<Ended> {
  const config = { catalogs: [CATALOG], identity: { user: 'ada', roles }, egress: { allow: ['127.0.0.1'] } };
  const cwd = folder({ 'maestro.config.json': JSON.stringify(config), ...files });
  onTestFinished(async () => {
    await (await EmbeddedServer.open({ folder: path.join(cwd, '.maestro', 'restate') })).stop();
  });
  const argv = [
    'run',
    runbook,
    '--run-id',
    'r1',
    '--json',
    ...flags,
    ...Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]),
  ];
  const provided = Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`MAESTRO_SECRET_${name}`, value]));
  const begun = maestro(cwd, argv, { env: { ...env, ...provided } });
  let run = begun;
  for (const [index, { role, reject }] of decisions.entries()) {
    await run.printed(
      new RegExp(
        `(?:maestro approve r1 --role ${role}[\\s\\S]*){${decisions.slice(0, index + 1).filter((each) => each.role === role).length}}`,
      ),
    );
    const verb = reject === undefined ? ['approve'] : ['reject'];
    const said = reject === undefined ? [] : ['--comment', reject];
    const decided = await execute([...verb, 'r1', '--role', role, '--by', `${role}-person`, ...said], { cwd });
    expect(decided, decided.stderr).toMatchObject({ code: 0 });
  }
  if (killAt !== undefined) {
    await begun.printed(new RegExp(`"type":"task.started".*"task":"${killAt}"`));
    begun.child.kill('SIGKILL');
    const { pid } = JSON.parse(readFileSync(path.join(cwd, '.maestro', 'restate', 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    expect(await begun.ended).toBe('SIGKILL');
    run = maestro(cwd, ['runs', 'attach', 'r1', '--json'], { env: { ...env, ...provided } });
  }
  const code = await run.ended;
  const lines = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = lines.at(-1) as { result: Ended['result'] };
  const tasks = lines.flatMap(({ type, data }) => {
    const [, how] = /^task\.(succeeded|failed|skipped|cancelled|previewed)$/.exec(String(type)) ?? [];
    return how === undefined ? [] : [`${(data as { task: string }).task} ${how}`];
  });
  return { code, tasks, result: last.result, stderr: run.stderr };
}

/** What went into the bucket, and the environment in which a worker finds it. */
async function bucket(name: string, key: string, body: string, contentType = 'application/json') {
  const store = await s3();
  const { CreateBucketCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const { endpoint, region, accessKeyId, secretAccessKey } = store;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  try {
    await client.send(new CreateBucketCommand({ Bucket: name })).catch((error: Error) => {
      if (!/AlreadyOwnedByYou|AlreadyExists/.test(error.name)) throw error;
    });
    await client.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body, ContentType: contentType }));
  } finally {
    client.destroy();
  }
  return {
    env: { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: region },
    secrets: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  };
}

const unique = (name: string) => `${name}-${process.pid}-${Date.now().toString(36)}`;

const raw = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `r${index}`,
    name: index % 2 === 0 ? ' Ada Lovelace' : 'ada lovelace',
    updatedAt: `2026-0${1 + (index % 3)}-15T00:00:00Z`,
  }));

describe('dev-bootstrap', () => {
  test('announces, then waits', async () => {
    const slack = await channel();
    const ended = await operate({ runbook: 'dev-bootstrap', roles: ['sre'], secrets: slack.secret, killAt: 'sleep' });
    expect(ended).toMatchObject({ code: 0, tasks: ['create-ns succeeded', 'sleep succeeded'] });
    expect(slack.texts()).toEqual(['Bootstrapping dev namespace...']);
    expect(ended.result.outputs?.slept).toBeGreaterThanOrEqual(500);
  });

  test('without a webhook it says which secret is missing', async () => {
    const ended = await operate({ runbook: 'dev-bootstrap', roles: ['sre'] });
    expect(ended).toMatchObject({ code: 1, tasks: ['create-ns failed', 'sleep skipped'], result: { error: { code: 'SECRET_MISSING' } } });
    expect(ended.result.error?.message).toContain('SLACK_WEBHOOK_URL');
  });
});

describe('ingest-enrich-handoff', () => {
  const roles = ['data-engineer'];

  test('what is in the bucket reaches SIG, enriched', async () => {
    const name = unique('handoff');
    const store = await bucket(name, 'raw.json', JSON.stringify(raw(1_500)));
    await using sig = await startSigSandbox();
    const secrets = { ...store.secrets, SIG_INGEST_URL: sig.url };
    const ended = await operate({
      runbook: 'ingest-enrich-handoff',
      inputs: { source_bucket: name },
      roles,
      secrets,
      env: store.env,
      killAt: 'ingest',
    });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({ code: 0 });
    expect(ended.tasks).toEqual(['fetch succeeded', 'validate succeeded', 'map succeeded', 'ingest succeeded']);
    expect(ended.result.outputs).toMatchObject({ fetched: 1_500, ingested: 1_500, receipts: { contentType: 'application/x-ndjson' } });
    expect(sig.items.size).toBe(1_500);
    const [even, odd] = ['r0', 'r1'].map((id) => sig.items.get(id)?.payload) as { entity: string; record: object; source: object }[];
    expect(even?.entity).toMatch(/^[0-9a-f]{64}$/);
    expect(odd).toMatchObject({ entity: even?.entity, record: raw(2)[1], source: { bucket: name, position: 1, run: 'r1' } });
  });

  test('a bad record is named, and nothing is handed over', async () => {
    const name = unique('handoff');
    const records: object[] = raw(10);
    records[6] = { id: 'r6', name: '' };
    const store = await bucket(name, 'raw.json', records.map((record) => JSON.stringify(record)).join('\n'), 'application/x-ndjson');
    await using sig = await startSigSandbox();
    const secrets = { ...store.secrets, SIG_INGEST_URL: sig.url };
    const ended = await operate({ runbook: 'ingest-enrich-handoff', inputs: { source_bucket: name }, roles, secrets, env: store.env });
    expect(ended).toMatchObject({ code: 1, tasks: ['fetch succeeded', 'validate failed', 'map skipped', 'ingest skipped'] });
    expect(ended.result.error?.message).toContain('record 7 ("r6") /name must NOT have fewer than 1 characters');
    expect(sig.items.size).toBe(0);
  });
});

describe('backfill-entity-resolver', () => {
  const inputs = { since: '2026-02-01T00:00:00Z', until: '2026-03-01T00:00:00Z' };
  const decisions = [{ role: 'sre-oncall' }, { role: 'data-lead' }];

  test('is a preview; executed, it hands over the records of the span alone', async () => {
    const store = await bucket('entity-resolver-raw', 'raw.json', JSON.stringify(raw(9)));
    await using sig = await startSigSandbox();
    const secrets = { ...store.secrets, SIG_INGEST_URL: sig.url };
    const preview = await operate({ runbook: 'backfill-entity-resolver', inputs, decisions, secrets, env: store.env });
    expect(preview, JSON.stringify(preview.result.error)).toMatchObject({ code: 0, result: { dryRun: true } });
    expect(preview.tasks).toContain('ingest previewed');
    expect(sig.items.size).toBe(0);
    const done = await operate({
      runbook: 'backfill-entity-resolver',
      inputs,
      decisions,
      secrets,
      env: store.env,
      flags: ['--execute'],
      killAt: 'map',
    });
    expect(done, JSON.stringify(done.result.error)).toMatchObject({ code: 0 });
    expect([...sig.items.keys()].sort()).toEqual(['r1', 'r4', 'r7']);
  });

  test('rejected by one of the two, nothing is read', async () => {
    const ended = await operate({
      runbook: 'backfill-entity-resolver',
      inputs,
      decisions: [{ role: 'sre-oncall' }, { role: 'data-lead', reject: 'not during the close' }],
    });
    expect(ended).toMatchObject({ code: 3, result: { error: { code: 'APPROVAL_REJECTED' } } });
    expect(ended.result.error?.message).toContain('not during the close');
  });
});

describe('demo-seed', () => {
  const decisions = [{ role: 'product-lead' }];

  test('the data set reaches SIG', async () => {
    const key = `${unique('set')}.ndjson`;
    const store = await bucket('demo-datasets', key, '{"id":"a","n":1}\n{"id":"b","n":2}\n');
    await using sig = await startSigSandbox();
    const secrets = { ...store.secrets, SIG_INGEST_URL: sig.url };
    const ended = await operate({ runbook: 'demo-seed', inputs: { dataset: key }, decisions, secrets, env: store.env, killAt: 'validate' });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({ code: 0, result: { outputs: { records: 2 } } });
    expect([...sig.items.keys()]).toEqual(['a', 'b']);
  });

  test('a data set that is not there is named', async () => {
    const store = await bucket('demo-datasets', 'other.json', '[]');
    await using sig = await startSigSandbox();
    const secrets = { ...store.secrets, SIG_INGEST_URL: sig.url };
    const ended = await operate({ runbook: 'demo-seed', inputs: { dataset: 'absent.json' }, decisions, secrets, env: store.env });
    expect(ended).toMatchObject({ code: 1, result: { error: { code: 'S3_KEY_NOT_FOUND' } } });
    expect(ended.result.error?.message).toContain('absent.json');
  });
});

describe('chaos-drill', () => {
  test('injects after approval, and undoes', async () => {
    const [slack, chaos] = [await channel(), await faults()];
    const secrets = { ...slack.secret, ...chaos.secret };
    const ended = await operate({
      runbook: 'chaos-drill',
      roles: ['sre'],
      inputs: { note: 'is the cache warm?' },
      secrets,
      decisions: [{ role: 'sre-oncall' }],
      killAt: 'hold',
    });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({ code: 0 });
    expect(ended.tasks).toEqual(['warn', 'sleep', 'approve', 'inject', 'hold', 'undo', 'report'].map((task) => `${task} succeeded`));
    expect(chaos.asked.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(chaos.active.size).toBe(0);
    expect(slack.texts()).toEqual(['Chaos drill starting: is the cache warm?', 'Chaos drill succeeded']);
  });

  test('an injection that fails half-way is undone too', async () => {
    const [slack, chaos] = [await channel(), await faults({ refuses: true })];
    const secrets = { ...slack.secret, ...chaos.secret };
    const ended = await operate({ runbook: 'chaos-drill', roles: ['sre'], secrets, decisions: [{ role: 'sre-oncall' }] });
    expect(ended).toMatchObject({ code: 1, result: { error: { task: 'inject' } } });
    expect(chaos.asked.at(-1)).toMatchObject({ method: 'DELETE' });
    expect(chaos.active.size).toBe(0);
    expect(slack.texts()).toEqual(['Chaos drill starting', 'Chaos drill failed']);
  });

  test('rejected, no fault is injected, and the channel is told', async () => {
    const [slack, chaos] = [await channel(), await faults()];
    const secrets = { ...slack.secret, ...chaos.secret };
    const ended = await operate({
      runbook: 'chaos-drill',
      roles: ['sre'],
      secrets,
      decisions: [{ role: 'sre-oncall', reject: 'peak hours' }],
    });
    expect(ended).toMatchObject({ code: 3, result: { error: { code: 'APPROVAL_REJECTED' } } });
    expect(chaos.asked).toEqual([]);
    expect(slack.texts()).toEqual(['Chaos drill starting', 'Chaos drill failed; no fault was injected']);
  });
});

describe('deploy-promote', () => {
  const inputs = { service: 'billing', from: '1.4.0', to: '1.5.0' };
  const decisions = [{ role: 'release-manager' }, { role: 'release-manager' }];

  test('promotes, and says so', async () => {
    const [slack, system] = [await channel(), await deployments('billing', '1.4.0')];
    const ended = await operate({
      runbook: 'deploy-promote',
      inputs,
      decisions,
      secrets: { ...slack.secret, ...system.secret },
      killAt: 'promote',
    });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({
      code: 0,
      result: { outputs: { service: 'billing', version: '1.5.0' } },
    });
    expect(system.moves.size).toBe(1);
    expect(system.running.get('billing')).toBe('1.5.0');
    expect(slack.texts()).toEqual(['Promoting billing from 1.4.0 to 1.5.0', 'Promoted billing to 1.5.0']);
  });

  test('a version that does not come up is taken back, and the channel is told', async () => {
    const [slack, system] = [await channel(), await deployments('billing', '1.4.0', ['1.5.0'])];
    const ended = await operate({ runbook: 'deploy-promote', inputs, decisions, secrets: { ...slack.secret, ...system.secret } });
    expect(ended).toMatchObject({ code: 1, result: { error: { code: 'SCHEMA_VALIDATION_FAILED', task: 'healthy' } } });
    expect(system.running.get('billing')).toBe('1.4.0');
    expect(slack.texts()).toEqual([
      'Promoting billing from 1.4.0 to 1.5.0',
      'Promotion of billing to 1.5.0 failed (SCHEMA_VALIDATION_FAILED); running now: "1.4.0"',
    ]);
  });
});

describe('rollback', () => {
  const [inputs, roles] = [{ service: 'billing', to: '1.3.9' }, ['sre']];

  test('rolls back, and says so', async () => {
    const [slack, system] = [await channel(), await deployments('billing', '1.4.0')];
    const ended = await operate({ runbook: 'rollback', inputs, roles, secrets: { ...slack.secret, ...system.secret }, killAt: 'rollback' });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({ code: 0 });
    expect(system.running.get('billing')).toBe('1.3.9');
    expect(slack.texts()).toEqual(['Rolling back billing to 1.3.9', 'Rolled back billing to 1.3.9']);
  });

  test('an older version that does not come up either: what ran before is put back', async () => {
    const [slack, system] = [await channel(), await deployments('billing', '1.4.0', ['1.3.9'])];
    const ended = await operate({ runbook: 'rollback', inputs, roles, secrets: { ...slack.secret, ...system.secret } });
    expect(ended).toMatchObject({ code: 1, result: { error: { task: 'healthy' } } });
    expect(system.running.get('billing')).toBe('1.4.0');
    expect(slack.texts().at(-1)).toBe('Rollback of billing to 1.3.9 failed (SCHEMA_VALIDATION_FAILED); running now: "1.4.0"');
  });
});

describe('disclosure-packager', () => {
  const decisions = [{ role: 'ombuds' }, { role: 'legal' }];

  test('packages the files into a bundle that says what is in it', async () => {
    const inputs = { files: '{"items":["a.txt",{"path":"b/c.txt","description":"Annex"}]}' };
    const ended = await operate({
      runbook: 'disclosure-packager',
      inputs,
      decisions,
      files: { 'a.txt': 'one', 'b/c.txt': 'two' },
      killAt: 'package',
    });
    expect(ended, JSON.stringify(ended.result.error)).toMatchObject({ code: 0, tasks: ['package succeeded'] });
    expect(ended.result.outputs).toMatchObject({ bundle: 'bundle.zip', manifest: [{ path: 'a.txt' }, { path: 'b/c.txt' }] });
  });

  test('a file that is not there is named, and nothing is written', async () => {
    const inputs = { files: '{"items":["absent.pdf"]}' };
    const ended = await operate({ runbook: 'disclosure-packager', inputs, decisions });
    expect(ended).toMatchObject({ code: 1, tasks: ['package failed'] });
    expect(ended.result.error?.message).toContain('absent.pdf');
  });
});

test('the catalog has the eight runbooks, and their files', () => {
  const names = [
    'backfill-entity-resolver',
    'chaos-drill',
    'demo-seed',
    'deploy-promote',
    'dev-bootstrap',
    'disclosure-packager',
    'ingest-enrich-handoff',
    'rollback',
  ];
  for (const name of names) expect(readFileSync(path.join(CATALOG, `${name}.yaml`), 'utf8')).toContain(`name: ${name}\n`);
});
