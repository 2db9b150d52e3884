import type { S3Client } from '@aws-sdk/client-s3';
import type { ConnectionInput } from './connection-fields.ts';
import { endpointOf } from './endpoint.ts';
import type { Target } from './failure.ts';

/** What errors say a call was about. */
export async function targetOf(client: S3Client, payload: ConnectionInput & { versionId?: string }): Promise<Target> {
  const { bucket, key, versionId } = payload;
  const endpoint = endpointOf(payload);
  return {
    bucket,
    key,
    versionId,
    get endpoint() {
      return endpoint === undefined ? undefined : new URL(endpoint).host;
    },
    region: await client.config.region(),
  };
}
