import type { ResolvedConfig } from './config/config.ts';
import type { ConfigOptions } from './config/resolve.ts';
import type { Io } from './io.ts';
import type { Terminal } from './terminal/terminal.ts';

/** What every command is given. */
export interface Context {
  io: Io;
  terminal: Terminal;
  /** The options that every command takes. */
  globals: ConfigOptions;
  /** Show details that help to find a cause. */
  verbose: boolean;
  /** Reads and checks the configuration the first time it is asked for. */
  config(): Promise<ResolvedConfig>;
}
