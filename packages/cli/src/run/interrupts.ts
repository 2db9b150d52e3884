import type { ExitCode } from '../exit.ts';
import { exit } from '../exit.ts';
import type { Io, SignalName } from '../io.ts';

/** Ctrl-C and SIGTERM while a run is watched. */
export interface Interrupts {
  /** Replaces what the next signal does; the one after it always ends the command at once. */
  on(listener: (signal: SignalName) => void): void;
  /** Lets the next signal be a first one again. */
  forgive(): void;
  /** Resolves at a second signal, with what the process ends with. */
  readonly again: Promise<ExitCode>;
  /** The first signal, if there has been one. */
  readonly first: SignalName | undefined;
  release(): void;
}

/** Takes over both signals until it is released. A signal before anybody listens is kept for the first listener. */
export function watchInterrupts(io: Pick<Io, 'onSignal'>): Interrupts {
  let first: SignalName | undefined;
  let listener: ((signal: SignalName) => void) | undefined;
  let quit: (code: ExitCode) => void;
  const again = new Promise<ExitCode>((resolve) => {
    quit = resolve;
  });
  const receive = (signal: SignalName) => () => {
    if (first !== undefined) return quit(exitOf(signal));
    first = signal;
    listener?.(signal);
  };
  const releases = [io.onSignal('SIGINT', receive('SIGINT')), io.onSignal('SIGTERM', receive('SIGTERM'))];
  return {
    again,
    get first() {
      return first;
    },
    on(next) {
      listener = next;
      if (first !== undefined) next(first);
    },
    forgive() {
      first = undefined;
    },
    release: () => {
      for (const release of releases) release();
    },
  };
}

/** 128 + the signal's number, as shells report it. */
export function exitOf(signal: SignalName): ExitCode {
  return signal === 'SIGINT' ? exit.interrupted : exit.terminated;
}
