import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@summit/maestro-sdk';

/** A source of secrets; undefined when it does not have the name. */
export type SecretProvider = (name: string) => Promise<string | undefined>;

/** Names a manifest or a task may use; anything else could reach outside a provider's folder. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Files as Docker and Kubernetes mount them: one file a secret, a final newline removed. */
export function secretFiles(folder: string): SecretProvider {
  return async (name) => {
    try {
      return (await readFile(join(folder, name), 'utf8')).replace(/\r?\n$/, '');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw TaskError.terminal('SECRET_UNREADABLE', `secret ${name} in ${folder} cannot be read: ${code}`, { cause: error });
    }
  };
}

/** Environment variables with a prefix, e.g. `MAESTRO_SECRET_SLACK_BOT_TOKEN`. */
export function secretEnvironment(environment: Readonly<Record<string, string | undefined>>, prefix = 'MAESTRO_SECRET_'): SecretProvider {
  return async (name) => environment[prefix + name];
}

/** Asks the providers in order. Throws `SECRET_MISSING`, naming the secret and never a value. */
export function secretResolver(providers: readonly SecretProvider[]): (name: string) => Promise<string> {
  return async (name) => {
    if (NAME.test(name)) {
      for (const provider of providers) {
        const value = await provider(name);
        if (value !== undefined) return value;
      }
    }
    throw TaskError.terminal(
      'SECRET_MISSING',
      `secret ${name} is not available to this worker; provide it as the file /run/secrets/${name} or as MAESTRO_SECRET_${name}`,
    );
  };
}
