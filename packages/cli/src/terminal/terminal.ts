import type { Writable } from 'node:stream';
import pc from 'picocolors';
import { systemCode } from '../errors.ts';
import type { Io } from '../io.ts';

export type Colors = ReturnType<typeof pc.createColors>;

/** One of the two output streams, with colours as its reader wants them. */
export interface Channel {
  readonly isTTY: boolean;
  readonly colors: Colors;
  write(text: string): void;
  line(text?: string): void;
}

/** Where commands write: results on `out`, what accompanies them on `err`. */
export interface Terminal {
  readonly out: Channel;
  readonly err: Channel;
  /** True when questions can be asked and answered. */
  readonly interactive: boolean;
  columns(): number;
  /** The first failure to write, other than a reader that went away. */
  failure(): unknown;
  /** Waits until all that was written has left the process. */
  flush(): Promise<void>;
  /** Stops watching the streams. */
  release(): void;
}

/**
 * Opens the streams of `io`. A reader that closes its end (`maestro ... | head`) is no error: what is written after
 * that is dropped and the command goes on, because a run must not depend on who is watching it.
 */
export function openTerminal(io: Io): Terminal {
  let failure: unknown;
  const onError = (error: unknown) => {
    if (systemCode(error) !== 'EPIPE') failure ??= error;
  };
  io.stdout.on('error', onError);
  io.stderr.on('error', onError);
  return {
    out: channel(io.stdout, io.isTTY.stdout, io.env),
    err: channel(io.stderr, io.isTTY.stderr, io.env),
    interactive: io.isTTY.stdin && io.isTTY.stdout,
    columns: () => io.columns(),
    failure: () => failure,
    flush: async () => {
      await Promise.all([drained(io.stdout), drained(io.stderr)]);
    },
    release: () => {
      io.stdout.off('error', onError);
      io.stderr.off('error', onError);
    },
  };
}

function channel(stream: Writable, isTTY: boolean, env: Io['env']): Channel {
  const write = (text: string) => {
    if (stream.writable) stream.write(text);
  };
  return { isTTY, colors: pc.createColors(wantsColor(isTTY, env)), write, line: (text = '') => write(`${text}\n`) };
}

/** https://no-color.org and https://force-color.org; NO_COLOR wins. */
function wantsColor(isTTY: boolean, env: Io['env']): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTTY && env.TERM !== 'dumb';
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writable) stream.write('', () => resolve());
    else resolve();
  });
}
