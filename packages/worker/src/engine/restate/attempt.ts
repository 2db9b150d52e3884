import { randomUUID } from 'node:crypto';
import type { Http2ServerRequest } from 'node:http2';

/** Header by which an execution finds its own connection. Set here, whatever the server sent. */
const HEADER = 'x-maestro-attempt';
const DONE: IteratorResult<Uint8Array> = { done: true, value: undefined };

/**
 * What the engine sends to one execution of a handler: its journal, and then the news. An execution that is told of the end of
 * it suspends: it takes no memory any more, and the engine begins it again, with its journal, when there is news.
 * Restate ends it after a time without news; `rest` does so here and now.
 */
export class Attempt implements AsyncIterator<Uint8Array> {
  readonly #request: Http2ServerRequest;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #failed: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(request: Http2ServerRequest) {
    this.#request = request;
    request.on('data', this.#onData);
    request.on('end', () => this.#end());
    request.on('error', (error: Error) => this.#end(error));
    request.on('close', () => this.#end());
  }

  /** From now on there is no news. What the engine sends after this it keeps, and sends to the next execution. */
  rest(): void {
    this.#request.off('data', this.#onData);
    // What still comes has to go somewhere, or the stream never ends.
    this.#request.resume();
    this.#end();
  }

  onClose(listener: () => void): void {
    this.#request.once('close', listener);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const value = this.#chunks.shift();
      if (value !== undefined) return { done: false, value };
      if (this.#failed !== undefined) throw this.#failed;
      if (this.#ended) return DONE;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#chunks.push(chunk);
    this.#wake?.();
  };

  #end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failed = error;
    this.#wake?.();
  }
}

/** The executions that are on in this worker. */
export class Attempts {
  readonly #attempts = new Map<string, Attempt>();

  /** Takes over what comes in on `request`, before anybody else reads it. */
  open(request: Http2ServerRequest): void {
    const id = randomUUID();
    const attempt = new Attempt(request);
    request.headers[HEADER] = id;
    this.#attempts.set(id, attempt);
    request.on('close', () => this.#attempts.delete(id));
    // How the SDK reads it.
    Object.defineProperty(request, Symbol.asyncIterator, { value: () => attempt });
  }

  /** The execution with these headers. */
  of(headers: ReadonlyMap<string, string | string[] | undefined>): Attempt | undefined {
    return this.#attempts.get(String(headers.get(HEADER)));
  }
}
