import { isTaskError } from '../../errors.ts';
import type { Outcome } from './call.ts';

/** A value for a message, cut to a readable length. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = String(value);
  }
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** How a call ended, in words. */
export function outcomeText(outcome: Outcome, timeoutMs: number): string {
  if (outcome === 'hung') return `did not end within ${timeoutMs} ms`;
  if (outcome.ok) return `resolved to ${show(outcome.output)}`;
  const { error } = outcome;
  if (isTaskError(error)) return `failed with ${error.code}: ${error.message}`;
  return error instanceof Error ? `failed with ${error.name}: ${error.message}` : `threw ${show(error)}, which is not an Error`;
}

/** The error of a call that failed, to be kept as cause. */
export function errorOf(outcome: Outcome): unknown {
  return outcome !== 'hung' && !outcome.ok ? outcome.error : undefined;
}
