/** A TCP balancer: one address for several replicas of a worker. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Balancer extends AsyncDisposable {
  port: number;
  /** `http://127.0.0.1:<port>/` */
  url: string;
  /** Ports of 127.0.0.1 behind it; may be changed at any time. */
  ports: number[];
}

/** Gives every connection to the next port that accepts it, in turn. */
export async function balancer(ports: number[] = []): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    track(client);
    const choices = made.ports.map((_, i) => made.ports[(turn + i) % made.ports.length] as number);
    turn += 1;
    const attempt = () => {
      const port = choices.shift();
      if (port === undefined) {
        client.destroy();
        return;
      }
      const upstream = connect(port, '127.0.0.1');
      upstream.once('error', attempt);
      upstream.once('connect', () => {
        upstream.off('error', attempt);
        track(upstream);
        client.pipe(upstream).pipe(client);
        client.on('close', () => upstream.destroy());
        upstream.on('close', () => client.destroy());
      });
    };
    attempt();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const made: Balancer = {
    port,
    url: `http://127.0.0.1:${port}/`,
    ports,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return made;
}
