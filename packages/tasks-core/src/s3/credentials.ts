import { InvalidInputError, isTaskError, type RunContext, TaskError } from '@summit/maestro-sdk';
import type { ConnectionInput } from './connection-fields.ts';

/** Secrets that are used where the payload says nothing about credentials. */
export const CREDENTIAL_SECRETS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** Keys, or where else credentials come from. */
export type Credentials = Exclude<ConnectionInput['credentials'], undefined>;

/**
 * As whom a call is made: what the payload says, else the run's secrets, else the machine's own identity.
 * Half of a pair of secrets is `S3_CREDENTIALS_INCOMPLETE`: falling back would act as somebody else.
 */
export async function credentialsFor(ctx: RunContext, given: ConnectionInput['credentials']): Promise<Credentials> {
  if (given !== undefined) return given;
  const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all(CREDENTIAL_SECRETS.map((name) => secretOrNothing(ctx, name)));
  if (accessKeyId === undefined && secretAccessKey === undefined) return 'default';
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const missing = accessKeyId === undefined ? 'AWS_ACCESS_KEY_ID' : 'AWS_SECRET_ACCESS_KEY';
    throw new InvalidInputError(`of the S3 credentials the secret ${missing} is missing; provide both halves, or neither`, {
      code: 'S3_CREDENTIALS_INCOMPLETE',
    });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

async function secretOrNothing(ctx: RunContext, name: string): Promise<string | undefined> {
  try {
    return await ctx.secrets(name);
  } catch (error) {
    // What is not there leaves the machine's own identity; a secret store that fails must not.
    if (isTaskError(error) && error.code === 'SECRET_MISSING') return undefined;
    throw error;
  }
}

/** What the SDK says when it finds no credentials, or may not have those of a role. */
export function credentialsFailure(error: unknown, assumeRole: ConnectionInput['assumeRole']): TaskError {
  if (isTaskError(error)) return error as TaskError;
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const said = error instanceof Error ? error.message : String(error);
  if (assumeRole !== undefined && name !== 'CredentialsProviderError') {
    const status = $metadata?.httpStatusCode;
    const refused = status !== undefined && status >= 400 && status < 500 && status !== 429;
    return new TaskError(
      refused
        ? `role ${assumeRole.roleArn} could not be assumed: ${said} (${name}); check its trust policy and external id`
        : `role ${assumeRole.roleArn} could not be assumed: the token service did not answer as it should: ${said || name}`,
      { code: refused ? 'S3_ROLE_REFUSED' : 'S3_ROLE_UNAVAILABLE', retryable: !refused, cause: error },
    );
  }
  return TaskError.terminal(
    'S3_CREDENTIALS_MISSING',
    `no credentials for S3: ${said}; provide the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give credentials, or run where there is a role`,
    { cause: error },
  );
}
