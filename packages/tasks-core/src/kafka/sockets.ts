import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** The first probe of a connection at rest, in milliseconds: routers forget connections that say nothing for some minutes. */
const KEEP_ALIVE_MS = 30_000;
/** How long the other end may take to hang up after we have. */
const LINGER_MS = 1_000;

/**
 * The connections of one producer. kafkajs only half-closes a socket when it disconnects, takes no AbortSignal, and reconnects in retries
 * that nobody waits for any more: whoever wants it to stop has to hold its sockets.
 */
export class Sockets {
  readonly #open = new Set<Socket>();
  #closed = false;

  /** Makes kafkajs's sockets; refuses when they have been closed. */
  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.#closed) throw new Error('the producer is closed');
    // null, whatever the types say, where the connection is not encrypted.
    const socket = ssl
      ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    socket.once('finish', () => {
      const linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
      socket.once('close', () => clearTimeout(linger));
    });
    return socket;
  };

  /** True while at least one connection stands. */
  get standing(): boolean {
    return [...this.#open].some(({ readable, writable }) => readable && writable);
  }

  /** Ends every connection and lets no other be made; requests that wait for an answer fail at once. */
  close(): void {
    this.#closed = true;
    // Only an error makes kafkajs give up what waits for an answer.
    for (const socket of this.#open) socket.destroy(new Error('the producer is closed'));
  }
}
