import { canonicalJson, sha256Hex } from '@summit/maestro-sdk/canonical';
import type { Plan } from '../plan.ts';

/** `sha256:<hex>` over the canonical JSON (RFC 8785) of a plan. Approvals and receipts are bound to it. */
export function planDigest(plan: Plan): string {
  return `sha256:${sha256Hex(canonicalJson(plan))}`;
}
