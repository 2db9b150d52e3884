import ipaddr from 'ipaddr.js';

/** Addresses that count as public by their range, and are reached only from inside: a platform's own services. */
const PLATFORM = new Set([
  // Azure's WireServer, which hands out the machine's configuration.
  '168.63.129.16',
]);

/** The only part of IPv6 that is routed publicly; all the rest is special or not given out yet. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

const WORDS: Record<string, string> = {
  unspecified: 'the unspecified address',
  broadcast: 'a broadcast address',
  multicast: 'a multicast address',
  linkLocal: 'a link-local address',
  loopback: 'a loopback address',
  carrierGradeNat: 'an address behind carrier-grade NAT',
  private: 'a private address',
  uniqueLocal: 'a unique local address',
  ipv4Mapped: 'an IPv4-mapped address',
  rfc6145: 'a translated IPv4 address',
  rfc6052: 'a NAT64 address',
  '6to4': 'a 6to4 address',
  teredo: 'a Teredo address',
};

/** Why an address is not public, in words such as "a private address"; undefined when it is. */
export function notPublic(address: string): string | undefined {
  const parsed = parseAddress(address);
  if (parsed === undefined) return 'no address';
  const range = parsed.range();
  if (range !== 'unicast') return WORDS[range] ?? 'a reserved address';
  if (PLATFORM.has(parsed.toString())) return 'an address of the platform';
  if (parsed.kind() === 'ipv6' && !(parsed as ipaddr.IPv6).match(GLOBAL_UNICAST)) return 'a reserved address';
  return undefined;
}

/** True when the address is in the range; an IPv4-mapped one also when the IPv4 address is, because that is where the connection goes. */
export function isIn(address: string, network: string, prefix: number): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined) return false;
  const range: [ipaddr.IPv4 | ipaddr.IPv6, number] = [ipaddr.parse(network), prefix];
  const matches = (each: ipaddr.IPv4 | ipaddr.IPv6) => each.kind() === range[0].kind() && each.match(range as never);
  if (matches(parsed)) return true;
  return parsed.kind() === 'ipv6' && (parsed as ipaddr.IPv6).isIPv4MappedAddress() && matches((parsed as ipaddr.IPv6).toIPv4Address());
}

function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone says which interface, not which address.
  const plain = address.replace(/%.*$/, '');
  // Strict: a resolver gives no decimal or octal forms, and URLs have theirs resolved.
  if (!ipaddr.IPv4.isValidFourPartDecimal(plain) && !ipaddr.IPv6.isValid(plain)) return undefined;
  return ipaddr.parse(plain);
}
