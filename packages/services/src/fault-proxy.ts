import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP proxy in this process that does to its connections what networks do. */
export interface FaultProxy {
  /** Where it listens: always 127.0.0.1, always the same port. */
  readonly host: string;
  readonly port: number;
  /** Open connections of clients. */
  readonly connections: number;
  /** Connections ever accepted. */
  readonly accepted: number;
  /** Back to normal: listens, passes everything on, lets go of what `silence` and `loseReplies` held back, delays nothing. */
  up(): Promise<void>;
  /** As if the server's machine were off the network with its ports closed: drops all connections, refuses new ones. */
  down(): Promise<void>;
  /** As if the network lost every packet: connections stay and new ones are accepted, but nothing arrives in either direction. */
  silence(): void;
  /** What clients send arrives, what the server answers does not: the work is done and nobody hears of it. */
  loseReplies(): void;
  /** Drops (resets) all connections of now; new ones are fine. */
  cut(): void;
  /** Resets each connection after it passed so many bytes of its client (those before count too); `Infinity` switches it off. */
  cutAfter(bytes: number): void;
  /** Holds each piece of data for that long, in each direction. */
  delay(ms: number): void;
  /** Ends it with all its connections. */
  close(): Promise<void>;
}

type Direction = 'requests' | 'replies';

/** One connection of a client, and the one to the server that belongs to it. */
interface Pair {
  client: Socket;
  server: Socket;
  sent: number;
}

/**
 * Listens on a free port of 127.0.0.1 (or on `listen`) and passes every connection on to `host:port`. A server that refuses the
 * connection makes the client's one be reset.
 */
export async function faultProxy(host: string, port: number, { listen = 0 } = {}): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  const held = { requests: false, replies: false };
  let [delayMs, limit, accepted] = [0, Number.POSITIVE_INFINITY, 0];
  let released = Promise.withResolvers<void>();

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted++;
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { client, server, sent: 0 };
    pairs.add(pair);
    for (const socket of [client, server]) {
      // An error is followed by close, and what broke one side breaks the other.
      socket.on('error', () => drop(pair));
      socket.on('close', (failed) => {
        if (failed) drop(pair);
        if (client.destroyed && server.destroyed) pairs.delete(pair);
      });
    }
    void pass(pair, 'requests');
    void pass(pair, 'replies');
  });

  /** Reads from one side and writes to the other, as fast as that one takes it; the end of one direction leaves the other alone. */
  async function pass(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === 'requests' ? [pair.client, pair.server] : [pair.server, pair.client];
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (delayMs > 0) await sleep(delayMs);
        while (held[direction]) await released.promise;
        if (to.destroyed) return;
        if (direction === 'requests') pair.sent += chunk.length;
        if (pair.sent > limit) return drop(pair);
        if (!to.write(chunk)) await writable(to);
      }
      while (held[direction]) await released.promise;
      to.end();
    } catch {
      // One of the two broke; its error event has dropped both.
      drop(pair);
    }
  }

  function drop({ client, server }: Pair): void {
    for (const socket of [client, server]) if (!socket.destroyed) socket.resetAndDestroy();
  }

  function cut(): void {
    for (const pair of pairs) drop(pair);
  }

  function hold(requests: boolean, replies: boolean): void {
    Object.assign(held, { requests, replies });
    released.resolve();
    released = Promise.withResolvers();
  }

  async function open(at: number): Promise<void> {
    listener.listen(at, '127.0.0.1');
    await once(listener, 'listening');
  }

  async function down(): Promise<void> {
    const closed = listener.listening ? once(listener, 'close') : undefined;
    if (closed) listener.close();
    cut();
    hold(false, false);
    await closed;
  }

  await open(listen);
  const own = (listener.address() as AddressInfo).port;
  return {
    host: '127.0.0.1',
    port: own,
    get connections() {
      return [...pairs].filter(({ client }) => !client.destroyed).length;
    },
    get accepted() {
      return accepted;
    },
    up: async () => {
      [delayMs, limit] = [0, Number.POSITIVE_INFINITY];
      hold(false, false);
      if (!listener.listening) await open(own);
    },
    down,
    silence: () => hold(true, true),
    loseReplies: () => hold(false, true),
    cut,
    cutAfter: (bytes) => {
      limit = bytes;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    close: down,
  };
}

/** Resolves when the socket takes more, or never will. */
function writable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
