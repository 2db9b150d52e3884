import { isIP, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import { allowedAddresses, egressLookup, type Resolve, systemResolve } from '../egress/lookup.ts';
import type { EgressRules, Target } from '../egress/rules.ts';
import { type HttpProxy, openTunnel } from './tunnel.ts';

type Undici = typeof import('undici');

/** How connections are made. */
export interface Connecting {
  /** Undefined where the target is the operator's own word and is not judged. */
  rules?: EgressRules;
  tls?: SecureContextOptions & { servername?: string | undefined };
  proxy?: HttpProxy;
  connectTimeoutMs: number;
  /** A test's own resolver. */
  resolve?: Resolve;
}

/** No connection came about, so nothing was sent: whatever the request would have done, it did not do. */
export class NotConnected extends Error {
  override name = 'NotConnected';
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** What undici connects with: to allowed addresses only, directly or through a proxy. Its errors are {@link NotConnected}. */
export function connectorOf(undici: Undici, connecting: Connecting): buildConnector.connector {
  const sockets = socketsOf(undici, connecting);
  return (options, callback) => {
    const target = { host: options.hostname, port: Number(options.port) || (options.protocol === 'https:' ? 443 : 80) };
    const opening =
      connecting.proxy === undefined
        ? direct(connecting, sockets, options, target)
        : tunnelled(undici, connecting, sockets, options, target);
    opening.then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(new NotConnected(error), null),
    );
  };
}

type Options = buildConnector.Options;
type Sockets = (port: number) => (options: Options) => Promise<Socket>;

/** A connector per port, because a `lookup` is not told which port it is asked for. Each keeps its TLS sessions. */
function socketsOf(undici: Undici, { rules, tls, connectTimeoutMs, resolve }: Connecting): Sockets {
  const connectors = new Map<number, buildConnector.connector>();
  const { servername, ...material } = tls ?? {};
  return (port) => {
    let connect = connectors.get(port);
    if (connect === undefined) {
      const lookup = rules === undefined ? undefined : egressLookup(rules, port, resolve);
      connect = undici.buildConnector({ ...material, timeout: connectTimeoutMs, ...(lookup === undefined ? {} : { lookup }) });
      connectors.set(port, connect);
    }
    const made = connect;
    return (options) =>
      new Promise((resolved, rejected) => {
        made({ ...options, ...(servername === undefined ? {} : { servername }) }, (error, socket) =>
          error === null ? resolved(socket) : rejected(error),
        );
      });
  };
}

async function direct({ rules }: Connecting, sockets: Sockets, options: Options, target: Target): Promise<Socket> {
  // A socket looks up names only: an address is judged here.
  if (rules !== undefined && isIP(target.host) !== 0) await allowedAddresses(rules, target);
  return sockets(target.port)(options);
}

async function tunnelled(undici: Undici, connecting: Connecting, sockets: Sockets, options: Options, target: Target): Promise<Socket> {
  const { rules, proxy, connectTimeoutMs, resolve } = connecting;
  const { tls: _, proxy: __, ...toProxy } = connecting;
  const socket = await openTunnel(undici, proxy as HttpProxy, await addressBehind(rules, target, resolve), {
    connect: connectorOf(undici, toProxy),
    timeoutMs: connectTimeoutMs,
  });
  if (options.protocol !== 'https:') return socket;
  return sockets(target.port)({ ...options, httpSocket: socket });
}

/** What a proxy is asked for: the address that was judged, so that it cannot resolve the name to another; or a name that is allowed as such. */
async function addressBehind(rules: EgressRules | undefined, target: Target, resolve: Resolve = systemResolve): Promise<Target> {
  if (rules === undefined || rules.allowsName(target)) return target;
  const [first] = await allowedAddresses(rules, target, resolve);
  return { host: first?.address ?? target.host, port: target.port };
}
