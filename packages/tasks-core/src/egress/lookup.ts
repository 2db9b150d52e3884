import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { bare, type EgressRules, type Target } from './rules.ts';

/** A connection that is not made, because the address is not public and nobody allowed it. */
export class EgressDenied extends Error {
  override name = 'EgressDenied';
  readonly code = 'EGRESS_DENIED';
  readonly target: Target;
  /** The addresses that were refused, and why. */
  readonly refused: readonly { address: string; why: string }[];

  constructor(target: Target, refused: readonly { address: string; why: string }[]) {
    const addresses = refused.map(({ address, why }) => (address === bare(target.host) ? why : `${address}, ${why}`));
    const verb = refused.some(({ address }) => address === bare(target.host)) ? 'is' : 'resolves to';
    super(`${target.host} ${verb} ${addresses.join('; ')}`);
    this.target = target;
    this.refused = refused;
  }
}

/** What resolves names; the system's resolver unless a test has its own. */
export type Resolve = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

export const systemResolve: Resolve = (host, options) =>
  new Promise((resolve, reject) => {
    systemLookup(host, options, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/** The addresses of a target that may be connected to. Rejects with {@link EgressDenied} when there are only others. */
export async function allowedAddresses(
  rules: EgressRules,
  target: Target,
  resolve: Resolve = systemResolve,
  options: LookupOptions = {},
): Promise<LookupAddress[]> {
  const host = bare(target.host);
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host, { ...options, all: true }) : [{ address: host, family }];
  const judged = addresses.map((each) => ({ ...each, why: rules.refusal(target, each.address) }));
  const allowed = judged.flatMap(({ address, family: of, why }) => (why === undefined ? [{ address, family: of }] : []));
  if (allowed.length > 0) return allowed;
  throw new EgressDenied(
    target,
    judged.map(({ address, why }) => ({ address, why: why ?? 'no address' })),
  );
}

/**
 * A `lookup` for `node:net` and `node:tls` that gives allowed addresses only. The connection goes to what it gave, so a name that
 * resolves to something else a moment later gains nothing. Sockets do not ask it about a host that is an address: check that with {@link allowedAddresses}.
 */
export function egressLookup(rules: EgressRules, port: number, resolve: Resolve = systemResolve): LookupFunction {
  return (host, options, callback) => {
    allowedAddresses(rules, { host, port }, resolve, options).then(
      (addresses) => {
        if (options.all) callback(null, addresses);
        else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, options.all ? [] : ''),
    );
  };
}
