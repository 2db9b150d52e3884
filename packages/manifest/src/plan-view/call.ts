import type { RetryPolicy, TaskContract } from '@summit/maestro-sdk';
import type { PlanCall, PlanUses } from '../plan.ts';
import { type Bound, type EngineDefaults, retryWaits, within } from './duration.ts';
import { gateOf, literalWait } from './gates.ts';
import { secretsIn } from './templates.ts';

/** How often and how long a task is tried. */
export interface Limits {
  /** Attempts in all. */
  attempts: number;
  /** Milliseconds per attempt; absent: as long as it takes. */
  timeout?: number;
  /** Milliseconds of all waits between the attempts, at their longest. */
  waits: number;
}

/** The contract of the task that a plan pinned, where it is among the installed ones. */
export function contractOf({ name, version, digest }: PlanUses, contracts: readonly TaskContract[]): TaskContract | undefined {
  const same = contracts.filter((contract) => contract.name === name && contract.version === version);
  return same.find((contract) => contract.digest === digest) ?? same[0];
}

/** Secrets that a task may ask for, or that the plan hands to it, sorted. */
export function secretsOf(call: PlanCall, contract: TaskContract | undefined): string[] {
  return [...new Set([...(contract?.secrets ?? []), ...secretsIn(call.with)])].sort();
}

/** Attempts, timeout and waits of one execution; what nobody says is as the engine has it. */
export function limitsOf(call: PlanCall, contract: TaskContract | undefined, defaults: EngineDefaults): Limits {
  const retry: RetryPolicy = call.retry ?? contract?.retry ?? defaults.retry ?? { maxAttempts: 1 };
  // What waits for people or the clock waits as long as it takes.
  const waits = contract?.durable ?? (gateOf(call) !== undefined || literalWait(call) !== undefined);
  const timeout = call.timeout ?? contract?.timeout ?? (waits ? undefined : defaults.timeout);
  const limits: Limits = { attempts: retry.maxAttempts, waits: retryWaits(retry, defaults.retry) };
  if (timeout !== undefined) limits.timeout = timeout;
  return limits;
}

/** The longest that one execution of a task may take. */
export function callBound(task: string, call: PlanCall, contract: TaskContract | undefined, { attempts, timeout, waits }: Limits): Bound {
  const gate = gateOf(call);
  const wait = literalWait(call);
  // What waits for people or the clock is not cut short by retries: its own end is its limit.
  if (gate && typeof gate.expiresIn === 'number') return within({ ms: gate.expiresIn, unbounded: [] }, timeout);
  if (wait !== undefined) return within({ ms: wait, unbounded: [] }, timeout);
  if (timeout !== undefined) {
    const ms = attempts * timeout + waits;
    return Number.isFinite(ms)
      ? { ms, unbounded: [] }
      : { ms: 0, unbounded: [{ task, why: 'the waits between its attempts have no limit' }] };
  }
  const why = gate
    ? gate.expiresIn === null
      ? 'a decision that does not expire'
      : 'a decision whose expiry is known at run time'
    : contract?.durable === true
      ? 'it waits, for a time that is known at run time'
      : 'it has no timeout';
  return { ms: 0, unbounded: [{ task, why }] };
}
