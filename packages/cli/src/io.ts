import type { Readable, Writable } from 'node:stream';

export type SignalName = 'SIGINT' | 'SIGTERM';

/** Everything a command touches of its process, so that it can be run as a function. */
export interface Io {
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path that relative arguments start from. */
  cwd: string;
  isTTY: { stdin: boolean; stdout: boolean; stderr: boolean };
  /** Width of the terminal behind stdout, in cells. */
  columns(): number;
  /** Takes over a signal until the returned function is called. */
  onSignal(signal: SignalName, listener: () => void): () => void;
}

/** The Io of this Node process. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    isTTY: { stdin: process.stdin.isTTY === true, stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
    columns: () => process.stdout.columns || 80,
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  };
}
