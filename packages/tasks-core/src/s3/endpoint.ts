import type { ConnectionInput } from './connection-fields.ts';

/**
 * The store that is talked to where it is not AWS: what the payload says, else what the environment does in the variables that
 * all AWS SDKs know. Undefined: the region's own.
 */
export function endpointOf({ endpoint }: Pick<ConnectionInput, 'endpoint'>, env = process.env): string | undefined {
  if (endpoint !== undefined) return endpoint;
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return undefined;
  // An empty variable is how one is unset for a child process.
  return env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined;
}
