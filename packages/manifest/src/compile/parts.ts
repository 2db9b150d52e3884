import type { RetryPolicy } from '@summit/maestro-sdk';
import type { Manifest } from '../model/manifest.ts';
import { child, isString, type Node } from '../parse/node.ts';
import type { PlanApprovals, PlanPolicy } from '../plan.ts';
import { parseDuration } from './durations.ts';

/** How attempts are repeated: what the manifest says, and where it leaves something open what the contract says. */
export function retryOf(node: Node | undefined, byDefault: RetryPolicy | undefined): RetryPolicy | undefined {
  const maxAttempts = numberOf(child(node, 'maxAttempts')) ?? byDefault?.maxAttempts;
  if (maxAttempts === undefined) return undefined;
  const retry: RetryPolicy = { ...byDefault, maxAttempts };
  const initialInterval = durationOf(child(node, 'initialInterval'));
  const maxInterval = durationOf(child(node, 'maxInterval'));
  const factor = numberOf(child(node, 'factor'));
  if (initialInterval !== undefined) retry.initialInterval = initialInterval;
  if (maxInterval !== undefined) retry.maxInterval = maxInterval;
  if (factor !== undefined) retry.factor = factor;
  return retry;
}

/** What `metadata.approvals` asks for, its defaults filled in. */
export function planApprovals(node: Node | undefined): PlanApprovals | undefined {
  const approvers = child(node, 'approvers');
  if (approvers?.kind !== 'seq') return undefined;
  const approvals: PlanApprovals = {
    required: isTrue(child(node, 'required')),
    approvers: approvers.items.filter(isString).map((role) => role.value),
    quorum: numberOf(child(node, 'quorum')) ?? 'all',
    allowSelfApproval: isTrue(child(node, 'allowSelfApproval')),
  };
  const expiresIn = durationOf(child(node, 'expiresIn'));
  if (expiresIn !== undefined) approvals.expiresIn = expiresIn;
  return approvals;
}

/** `spec.policy` of a manifest. */
export function planPolicy(manifest: Manifest | undefined): PlanPolicy | undefined {
  const policy = child(child(manifest?.root, 'spec'), 'policy');
  const [purpose, authority, license] = ['purpose', 'authority', 'license'].map((name) => child(policy, name));
  if (!isString(purpose) || !isString(authority) || !isString(license)) return undefined;
  return { purpose: purpose.value, authority: authority.value, license: license.value };
}

/** The milliseconds of a duration, where the node is one. */
export function durationOf(node: Node | undefined): number | undefined {
  return isString(node) ? parseDuration(node.value) : undefined;
}

/** The number, where the node is one. */
export function numberOf(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
}

/** Whether the node says `true`. */
export function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}
