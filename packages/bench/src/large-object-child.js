/**
 * Takes an object from S3 through validation and mapping to SIG, in a process of its own so that its memory is its own: `node large-object-child.ts '<config as JSON>'`.
 * In plain JavaScript, as tasks are installed: to strip types takes 17 MiB. Prints the milliseconds of each task, the records that were ingested, and the peak of its memory in KiB.
 */
import { readFileSync } from 'node:fs';
import { createRunContext, TaskError } from '@summit/maestro-sdk';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import { s3Get } from '@summit/maestro-tasks-core/connectors/s3.get';
import { sigIngest } from '@summit/maestro-tasks-core/connectors/sig.ingest';
import { schemaValidate } from '@summit/maestro-tasks-core/tasks/schema.validate';
import { transformMap } from '@summit/maestro-tasks-core/tasks/transform.map';

const { store, bucket, key, folder, sig } = JSON.parse(process.argv[2]);
const secrets = {
  AWS_ACCESS_KEY_ID: store.accessKeyId,
  AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
  SIG_INGEST_URL: sig,
};
const ctx = createRunContext({
  artifacts: createFolderArtifacts(folder),
  egress: { allow: ['127.0.0.1'] },
  async secrets(name) {
    const value = secrets[name];
    if (value === undefined) throw TaskError.terminal('SECRET_MISSING', `the bench has no secret ${name}`);
    return value;
  },
});
/** The most memory this process has had, in KiB. */
const peakKib = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]);
const ms = {};
const peaks = {};

async function timed(task, work) {
  const begin = performance.now();
  const result = await work();
  ms[task] = performance.now() - begin;
  peaks[task] = peakKib();
  return result;
}

const record = {
  type: 'object',
  required: ['id', 'name', 'country', 'lat', 'tags', 'text'],
  properties: {
    id: { type: 'string', minLength: 1 },
    name: { type: 'string' },
    country: { type: 'string', pattern: '^C[0-9]+$' },
    lat: { type: 'number', minimum: -90, maximum: 90 },
    tags: { type: 'array', items: { type: 'string' } },
  },
};
const mapping = {
  id: 'row.id',
  payload: { name: 'row.name', country: 'row.country', north: 'row.lat > 0.0', text: 'row.text', at: 'index' },
};

const raw = await timed('s3.get', async () => {
  const input = { bucket, key, endpoint: store.endpoint, region: store.region, forcePathStyle: true, as: 'artifact', timeoutMs: 3_600_000 };
  const { payload } = await s3Get.execute(ctx, { payload: input });
  if (payload.artifact === undefined) throw new Error('s3.get returned no artifact');
  return payload.artifact;
});
await timed('schema.validate', () => schemaValidate.execute(ctx, { payload: { schema: record, data: raw, each: true } }));
const mapped = await timed('transform.map', async () => {
  const { payload } = await transformMap.execute(ctx, { payload: { artifact: raw, mapping } });
  if (payload.artifact === undefined) throw new Error('transform.map returned no artifact');
  return payload.artifact;
});
const { payload } = await timed('sig.ingest', () => sigIngest.execute(ctx, { payload: { artifact: mapped } }));
process.stdout.write(JSON.stringify({ ms, peaks, count: payload.count, peakKib: peakKib() }));
// What is pooled would keep the process for its idle time.
process.exit(0);
