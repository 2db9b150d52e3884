import { isIPv6, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Target } from '../egress/rules.ts';

/** An HTTP proxy that is asked to connect further (`CONNECT`). */
export interface HttpProxy {
  url: string;
  username?: string;
  password?: string;
}

/** The proxy answered that it will not connect. */
export class ProxyRefused extends Error {
  override name = 'ProxyRefused';
  readonly status: number;

  constructor(proxy: string, to: string, status: number) {
    super(`the proxy ${proxy} answered ${status} when asked to connect to ${to}`);
    this.status = status;
  }
}

/** A connection through the proxy. It ends the one to the proxy when it ends. */
export async function openTunnel(
  undici: typeof import('undici'),
  proxy: HttpProxy,
  target: Target,
  options: { connect: buildConnector.connector; timeoutMs: number },
): Promise<Socket> {
  const { origin, host } = new URL(proxy.url);
  const to = `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`;
  const client = new undici.Client(origin, { connect: options.connect });
  try {
    const { statusCode, socket } = await client.connect({
      path: to,
      headers: { host: to, ...authorization(proxy) },
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    if (statusCode !== 200) {
      socket.on('error', () => {}).destroy();
      throw new ProxyRefused(host, to, statusCode);
    }
    socket.once('close', () => void client.destroy());
    return socket as Socket;
  } catch (error) {
    await client.destroy();
    throw error;
  }
}

function authorization({ username, password = '' }: HttpProxy): Record<string, string> {
  if (username === undefined) return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}
