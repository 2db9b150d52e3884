import { createRequire } from 'node:module';
import { TaskError } from '@summit/maestro-sdk';

/**
 * Path of the Restate server's binary: the platform package's own, without its launcher, so that the process we
 * start is the server. Throws `RESTATE_BINARY_MISSING`.
 */
export function serverBinary(platform: string = process.platform, arch: string = process.arch): string {
  const require = createRequire(import.meta.url);
  const name = `@restatedev/restate-server-${platform}-${arch}`;
  try {
    const launcher = createRequire(require.resolve('@restatedev/restate-server/package.json'));
    return launcher.resolve(`${name}/bin/restate-server`);
  } catch (cause) {
    const why =
      platform === 'win32'
        ? 'Restate has no server for Windows'
        : `${name} is not installed; it is an optional dependency of @restatedev/restate-server, so install without --omit=optional`;
    throw TaskError.terminal(
      'RESTATE_BINARY_MISSING',
      `the embedded Restate server cannot be started: ${why}. Or run with --ephemeral (nothing survives a crash), or set engine to a Restate server's URLs`,
      { cause },
    );
  }
}
