import type { LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notPublic } from './address.ts';
import { allowedAddresses, egressLookup, type Resolve } from './lookup.ts';
import { EgressRules, egressOf } from './rules.ts';

const host = (url: string) => new URL(url).hostname;
const refusal = (allow: string[], target: string, port = 80, address = target.replace(/[[\]]/g, '')) =>
  new EgressRules(allow).refusal({ host: target, port }, address);

/** What the registries of IANA and the RFCs set apart, said once more with another library. */
const special = new BlockList();
for (const range of '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4'.split(
  ' ',
)) {
  const [network = '', prefix] = range.split('/');
  special.addSubnet(network, Number(prefix), 'ipv4');
}
const dotted = (number: number) => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
const ipv4 = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  // Around the edges of what is special.
  fc
    .constantFrom(
      0x0affffff,
      0x0b000000,
      0x7f000001,
      0xa9fea9fe,
      0xac0fffff,
      0xac100000,
      0xac200000,
      0xc0a80000,
      0xc0a7ffff,
      0x64400000,
      0xe0000000,
    )
    .chain((edge) => fc.integer({ min: -2, max: 2 }).map((by) => (edge + by) >>> 0)),
);

describe('public addresses', () => {
  it.each(['8.8.8.8', '93.184.215.14', '2606:4700:4700::1111', '172.32.0.1', '100.63.0.1', '2a00:1450::1'])('%s is', (address) => {
    expect(notPublic(address)).toBeUndefined();
  });

  it.each([
    ['127.0.0.1', 'a loopback address'],
    ['127.255.0.1', 'a loopback address'],
    ['10.1.2.3', 'a private address'],
    ['172.31.255.255', 'a private address'],
    ['192.168.0.1', 'a private address'],
    ['169.254.169.254', 'a link-local address'],
    ['100.100.100.200', 'an address behind carrier-grade NAT'],
    ['0.0.0.0', 'the unspecified address'],
    ['224.0.0.1', 'a multicast address'],
    ['255.255.255.255', 'a broadcast address'],
    ['240.0.0.1', 'a reserved address'],
    ['168.63.129.16', 'an address of the platform'],
    ['::', 'the unspecified address'],
    ['::1', 'a loopback address'],
    ['fe80::1', 'a link-local address'],
    ['fe80::1%eth0', 'a link-local address'],
    ['fd00:ec2::254', 'a unique local address'],
    ['ff02::1', 'a multicast address'],
    ['::ffff:8.8.8.8', 'an IPv4-mapped address'],
    ['::ffff:127.0.0.1', 'an IPv4-mapped address'],
    ['::7f00:1', 'a reserved address'],
    ['64:ff9b::127.0.0.1', 'a NAT64 address'],
    ['64:ff9b:1::a00:1', 'a NAT64 address'],
    ['2002:7f00:1::', 'a 6to4 address'],
    ['2001:0:102:304::', 'a Teredo address'],
    ['2001:db8::1', 'a reserved address'],
    ['4000::1', 'a reserved address'],
    ['no address', 'no address'],
    ['2130706433', 'no address'],
    ['0177.0.0.1', 'no address'],
  ])('%s is %s', (address, why) => {
    expect(notPublic(address)).toBe(why);
  });

  it('are not those of any special range, however they are written in a URL', () => {
    fc.assert(
      fc.property(ipv4, fc.constantFrom('decimal', 'hex', 'octal', 'dotted', 'short', 'hex parts'), (number, form) => {
        const [a, b, c, d] = dotted(number).split('.').map(Number) as [number, number, number, number];
        const written = {
          decimal: String(number),
          hex: `0x${number.toString(16)}`,
          octal: `0${number.toString(8)}`,
          dotted: dotted(number),
          short: `${a}.${(b << 16) + (c << 8) + d}`,
          'hex parts': `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
        }[form];
        const target = host(`http://${written}/`);
        expect(target).toBe(dotted(number));
        if (special.check(target, 'ipv4')) expect(refusal([], target)).toBeDefined();
      }),
      { numRuns: 2_000 },
    );
  });

  it('are never IPv6 forms that hold an IPv4 address', () => {
    fc.assert(
      fc.property(ipv4, fc.constantFrom('::ffff:', '::ffff:0:', '64:ff9b::', '::', 'mapped hex', '6to4'), (number, form) => {
        const hex = `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
        const written = form === '6to4' ? `2002:${hex}::1` : form === 'mapped hex' ? `::ffff:${hex}` : `${form}${dotted(number)}`;
        const target = host(`http://[${written}]/`);
        expect(refusal([], target)).toBeDefined();
      }),
    );
  });
});

describe('the allow list', () => {
  it.each([
    [['127.0.0.1'], '127.0.0.1', 80, true],
    [['127.0.0.1'], '127.0.0.2', 80, false],
    [['127.0.0.1:8080'], '127.0.0.1', 8080, true],
    [['127.0.0.1:8080'], '127.0.0.1', 80, false],
    [['10.0.0.0/8'], '10.9.8.7', 1, true],
    [['10.0.0.0/8'], '192.168.0.1', 1, false],
    [['10.0.0.0/8'], '[::ffff:10.0.0.1]', 1, true],
    [['fd00::/8'], '[fd12::1]', 1, true],
    [['fd00::/8'], '10.0.0.1', 1, false],
    [['0.0.0.0/0'], '[::1]', 1, false],
  ])('%j lets %s:%i through: %s', (allow, target, port, allowed) => {
    expect(refusal(allow, target, port) === undefined).toBe(allowed);
  });

  it.each([
    [['api.internal'], 'api.internal', true],
    [['api.internal'], 'api.internal.', true],
    [['api.internal'], 'x.api.internal', false],
    [['*.internal'], 'api.internal', true],
    [['*.internal'], 'a.b.internal', true],
    [['*.internal'], 'internal', false],
    [['*.internal'], 'evilinternal', false],
    [['api.internal:443'], 'api.internal', false],
  ])('%j lets the host %s at a private address through: %s', (allow, target, allowed) => {
    expect(refusal(allow, target, 80, '10.0.0.1') === undefined).toBe(allowed);
  });

  it('is empty where the context has none', () => {
    expect(egressOf({}).refusal({ host: 'x', port: 1 }, '10.0.0.1')).toBe('a private address');
    expect(egressOf({ egress: { allow: ['10.0.0.0/8'] } }).refusal({ host: 'x', port: 1 }, '10.0.0.1')).toBeUndefined();
  });

  it('with an entry that is none is an error that says so', () => {
    expect(() => new EgressRules(['http://x'])).toThrow(expect.objectContaining({ code: 'EGRESS_INVALID' }) as Error);
  });
});

describe('resolving', () => {
  const resolves =
    (...addresses: string[]): Resolve =>
    async () =>
      addresses.map((address): LookupAddress => ({ address, family: isIP(address) }));

  it('gives the allowed ones of several addresses', async () => {
    const found = await allowedAddresses(new EgressRules([]), { host: 'mixed.example', port: 80 }, resolves('10.0.0.1', '8.8.8.8', '::1'));
    expect(found).toEqual([{ address: '8.8.8.8', family: 4 }]);
  });

  it('of a name with no other than private addresses names them all', async () => {
    const denied = allowedAddresses(new EgressRules([]), { host: 'db.example', port: 80 }, resolves('10.0.0.1', '::1'));
    await expect(denied).rejects.toThrow('db.example resolves to 10.0.0.1, a private address; ::1, a loopback address');
  });

  it('of an address asks nobody', async () => {
    const asked: Resolve = () => Promise.reject(new Error('asked'));
    const denied = allowedAddresses(new EgressRules([]), { host: '[::1]', port: 80 }, asked);
    await expect(denied).rejects.toThrow('[::1] is a loopback address');
  });

  it('as a socket asks for it, for one address or for all', async () => {
    const lookup = promisify(egressLookup(new EgressRules([]), 80, resolves('10.0.0.1', '8.8.8.8'))) as unknown as (
      host: string,
      options: object,
    ) => Promise<unknown>;
    expect(await lookup('mixed.example', { all: true })).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(await lookup('mixed.example', {})).toBe('8.8.8.8');
  });
});
