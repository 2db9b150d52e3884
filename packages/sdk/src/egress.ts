import { isIPv4, isIPv6 } from 'node:net';

/** One entry of `egress.allow`, understood: a host by name, or addresses; on one port where `port` is there, else on all. */
export type EgressEntry = ({ host: string } | { network: string; prefix: number }) & { port?: number };

/** What is wrong with an entry, and what was probably meant. */
export interface EgressProblem {
  problem: string;
  suggestion?: string;
}

/**
 * Reads `api.internal`, `*.internal` (every name below, not the name itself), `10.1.2.3`, `10.0.0.0/8`, `fd00::1` or `fd00::/8`, each with
 * `:port` behind it where only that port is meant; an IPv6 address or range then stands in brackets. Host names are lower-cased.
 */
export function parseEgressEntry(text: string): EgressEntry | EgressProblem {
  if (text.includes('://') || /^[^/]+\/[^/]*[A-Za-z]/.test(text)) return urlProblem(text);
  const { rest, port } = splitPort(text);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    return { problem: `the port is "${port}"; ports are 1 to 65535`, suggestion: rest };
  }
  const entry = rest.includes('/') ? rangeOf(rest) : isIPv4(rest) || isIPv6(rest) ? addressOf(rest) : nameOf(rest);
  return 'problem' in entry || port === undefined ? entry : { ...entry, port: Number(port) };
}

function splitPort(text: string): { rest: string; port?: string } {
  const bracketed = /^\[(?<rest>[^\]]*)\](?::(?<port>.*))?$/.exec(text)?.groups;
  if (bracketed?.rest !== undefined) return { rest: bracketed.rest, ...(bracketed.port === undefined ? {} : { port: bracketed.port }) };
  // More than one colon is an IPv6 address, whose last group is no port.
  const colon = text.indexOf(':');
  if (colon < 0 || colon !== text.lastIndexOf(':')) return { rest: text };
  return { rest: text.slice(0, colon), port: text.slice(colon + 1) };
}

function addressOf(address: string): EgressEntry {
  return { network: address, prefix: isIPv4(address) ? 32 : 128 };
}

function rangeOf(text: string): EgressEntry | EgressProblem {
  const [network = '', length = '', ...more] = text.split('/');
  const longest = isIPv4(network) ? 32 : isIPv6(network) ? 128 : undefined;
  if (longest === undefined || more.length > 0) return { problem: 'it is no range of addresses', ...suggest(network) };
  if (!/^\d{1,3}$/.test(length) || Number(length) > longest) {
    return { problem: `the prefix length is "${length}"; for ${network} it is 0 to ${longest}`, suggestion: network };
  }
  return { network, prefix: Number(length) };
}

/** A host name in the form in which URLs have it. */
function nameOf(text: string): EgressEntry | EgressProblem {
  if (text === '*') {
    return { problem: 'everything would be allowed', suggestion: '*.example.org' };
  }
  const wildcard = text.startsWith('*.');
  const name = wildcard ? text.slice(2) : text;
  if (name === '' || /[\s/@?#%\\*]/.test(name)) return { problem: 'it is no host name', ...suggest(name) };
  if (!URL.canParse(`http://${name}/`)) return { problem: 'it is no host name', ...suggest(name) };
  const host = new URL(`http://${name}/`).hostname.replace(/\.$/, '');
  if (host === '') return { problem: 'it is no host name' };
  if (isIPv4(host)) return { problem: `it is another way to write the address ${host}`, suggestion: host };
  return { host: wildcard ? `*.${host}` : host };
}

function urlProblem(text: string): EgressProblem {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  return { problem: 'it is a URL; only host and port are said', ...(url?.host ? { suggestion: url.host } : {}) };
}

/** The part of what was written that would be an entry. */
function suggest(text: string): { suggestion?: string } {
  const host = URL.parse(`http://${text.trim().replace(/^\*+\.?/, '')}`)?.host;
  return host ? { suggestion: text.trim().startsWith('*') ? `*.${host}` : host } : {};
}
