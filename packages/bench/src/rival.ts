import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RivalName } from './rivals.ts';

/** An engine in a process of its own, which stands still while it is not measured: what it does at rest is no burden to the others. */
export class RivalProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(name: RivalName): Promise<RivalProcess> {
    const child = fork(join(import.meta.dirname, 'rival-child.ts'), [name], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const rival = new RivalProcess(child);
    await rival.#answer();
    child.kill('SIGSTOP');
    return rival;
  }

  /** Workflows a second, `width` at a time. */
  async measure(total: number, width: number): Promise<number> {
    this.#child.kill('SIGCONT');
    this.#child.send([total, width]);
    const speed = await this.#answer();
    this.#child.kill('SIGSTOP');
    return Number(speed);
  }

  async close(): Promise<void> {
    this.#child.kill('SIGCONT');
    const ended = once(this.#child, 'exit');
    this.#child.send('close');
    await ended;
  }

  /** Its next message; rejects when it ends without one. */
  async #answer(): Promise<unknown> {
    const stop = new AbortController();
    const { signal } = stop;
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal }).then(([message]) => message),
        once(this.#child, 'exit', { signal }).then(([code]) =>
          Promise.reject(new Error(`${this.#child.spawnargs.at(-1)} ended with ${code}`)),
        ),
      ]);
    } finally {
      stop.abort();
    }
  }
}
