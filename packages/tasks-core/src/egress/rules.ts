import { isIP } from 'node:net';
import { type RunContext, TaskError } from '@summit/maestro-sdk';
import { type EgressEntry, parseEgressEntry } from '@summit/maestro-sdk/egress';
import { isIn, notPublic } from './address.ts';

/** Where a connection is to go. `host` is as in `URL.hostname`: lower case, an IPv6 address in brackets or not. */
export interface Target {
  host: string;
  port: number;
}

/** What may be connected to: everything public, and what the worker's configuration allows beyond it. */
export class EgressRules {
  /** As configured; tells one set of rules from another. */
  readonly allow: readonly string[];
  readonly #entries: readonly EgressEntry[];

  /** Throws `EGRESS_INVALID` for an entry that is none. */
  constructor(allow: readonly string[]) {
    this.allow = allow;
    this.#entries = allow.map(entryOf);
  }

  /** True when the host is allowed by its name, whatever address it has. */
  allowsName({ host, port }: Target): boolean {
    const name = bare(host);
    return this.#entries.some((entry) => 'host' in entry && onPort(entry, port) && isNamed(name, entry.host));
  }

  /** Why a connection to `address`, which `target.host` is or resolves to, is refused; undefined when it is allowed. */
  refusal(target: Target, address: string): string | undefined {
    const why = notPublic(address);
    if (why === undefined || this.allowsName(target)) return undefined;
    const allowed = this.#entries.some(
      (entry) => 'network' in entry && onPort(entry, target.port) && isIn(address, entry.network, entry.prefix),
    );
    return allowed ? undefined : why;
  }
}

const made = new WeakMap<readonly string[], EgressRules>();
const nothing: readonly string[] = [];

/** The rules a run is under; without any in the context, nothing but public addresses is allowed. */
export function egressOf(ctx: Pick<RunContext, 'egress'>): EgressRules {
  const allow = ctx.egress?.allow ?? nothing;
  const rules = made.get(allow) ?? new EgressRules(allow);
  made.set(allow, rules);
  return rules;
}

/** What an operator can do about a refusal. */
export function howToAllow({ host, port }: Target): string {
  return `if runs may reach it, an operator adds "${host}" (or "${host}:${port}") to egress.allow in the worker's configuration`;
}

/** A host without brackets and without the dot of the root. */
export function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function entryOf(text: string): EgressEntry {
  const entry = parseEgressEntry(text);
  if (!('problem' in entry)) return entry;
  throw TaskError.terminal('EGRESS_INVALID', `egress.allow: "${text}" cannot be used: ${entry.problem}`);
}

function onPort(entry: EgressEntry, port: number): boolean {
  return entry.port === undefined || entry.port === port;
}

function isNamed(name: string, pattern: string): boolean {
  // An address is no name: 10.0.0.1 is not below *.0.0.1.
  if (isIP(name) !== 0) return false;
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}
