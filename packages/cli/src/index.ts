export { defineConfig, type EngineSetting, type MaestroConfig, type ResolvedConfig, type SecretSource } from './config/config.ts';
export { CliError } from './errors.ts';
export { type ExitCode, exit } from './exit.ts';
export { type Io, processIo, type SignalName } from './io.ts';
export { runCli } from './run-cli.ts';
