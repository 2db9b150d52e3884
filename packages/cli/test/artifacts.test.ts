import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3 } from '@summit/maestro-services';
import { expect, test } from 'vitest';
import { maestro } from './process.ts';
import { folder } from './project.ts';

const MANIFESTS = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: internal, license: internal }
  parameters:
    - { name: bucket, type: string, required: true }
  tasks:
    - { id: get, uses: connectors/s3.get@0.1.0, with: { bucket: "\${params.bucket}", key: source, as: artifact } }
  outputs: { artifact: "\${tasks.get.output.artifact}" }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: store, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: internal, license: internal }
  parameters:
    - { name: bucket, type: string, required: true }
    - { name: artifact, type: object, required: true }
  tasks:
    - { id: put, uses: connectors/s3.put@0.1.0, with: { bucket: "\${params.bucket}", key: copy, body: "\${params.artifact}" } }
`;

test('what a run on one machine has put into the bucket of artifacts, a run on another can read', async () => {
  const { S3Client, CreateBucketCommand } = await import('@aws-sdk/client-s3');
  const { endpoint, region, accessKeyId, secretAccessKey } = await s3();
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  const bucket = `artifacts-${process.pid}-${Date.now().toString(36)}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'source', Body: 'what they share' }));
  /** Runs a workflow on a machine of its own. */
  const run = async (workflow: string, inputs: Record<string, string>) => {
    const config = { artifacts: { s3: { bucket, prefix: 'runs/', endpoint, region } } };
    const cwd = folder({ 'maestro.config.json': JSON.stringify(config), 'runbooks/flows.yaml': MANIFESTS });
    const given = Object.entries(inputs).flatMap(([name, value]) => ['--input', `${name}=${value}`]);
    const env = {
      MAESTRO_SECRET_AWS_ACCESS_KEY_ID: accessKeyId,
      MAESTRO_SECRET_AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
    };
    const process = maestro(cwd, ['run', workflow, '--ephemeral', '--json', ...given], { env });
    expect(await process.ended, process.stderr + process.stdout).toBe(0);
    return JSON.parse(process.stdout.trimEnd().split('\n').at(-1) ?? '') as { result: { outputs: Record<string, unknown> } };
  };
  try {
    const { result } = await run('fetch', { bucket });
    await run('store', { bucket, artifact: JSON.stringify(result.outputs.artifact) });
    const copy = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'copy' }));
    expect(await copy.Body?.transformToString()).toBe('what they share');
  } finally {
    client.destroy();
  }
});
