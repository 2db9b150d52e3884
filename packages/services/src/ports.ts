import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports which systems hand out for outgoing connections, so that none of those takes one before its server does. */
const FIRST = 18_000;
const LAST = 32_000;

/** `count` different ports of 127.0.0.1 on which nothing listens now. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > 1000) throw new Error(`found no ${count} free ports between ${FIRST} and ${LAST}`);
    const port = randomInt(FIRST, LAST);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
