import type { TaskError } from '@summit/maestro-sdk';
import type { Endpoint } from './endpoint.ts';
import { strangeAnswer } from './failures.ts';

/** What is said of a bundle before it is fetched. */
export interface BundleFacts {
  sha256?: string;
  size?: number;
  contentType?: string;
  name?: string;
}

/** An export as SIG sees it. */
export interface ExportState {
  exportId: string;
  status: 'pending' | 'running' | 'ready' | 'failed';
  bundle: BundleFacts;
  /** Why it failed. */
  reason?: string;
}

const STATUS = ['pending', 'running', 'ready', 'failed'] as const;

/** The answer to a request for an export, or for its status. Throws `SIG_ANSWER_INVALID` where it is none. */
export function exportState(endpoint: Endpoint, what: string, answer: unknown): ExportState {
  const strange = (problem: string): TaskError => strangeAnswer(endpoint, what, problem, { terminal: true });
  const { exportId, status, bundle, reason } = objectOf(answer);
  if (typeof exportId !== 'string' || exportId === '') throw strange('no exportId');
  const known = STATUS.find((each) => each === status);
  if (known === undefined) throw strange(`expected status to be one of ${STATUS.join(', ')}, found ${JSON.stringify(status) ?? 'nothing'}`);
  return { exportId, status: known, bundle: factsOf(bundle, strange), ...(typeof reason === 'string' ? { reason } : {}) };
}

function factsOf(bundle: unknown, strange: (problem: string) => TaskError): BundleFacts {
  const { sha256, size, contentType, name } = objectOf(bundle);
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-fA-F]{64}$/.test(sha256)))
    throw strange('a bundle.sha256 that is none');
  if (size !== undefined && !(Number.isSafeInteger(size) && (size as number) >= 0))
    throw strange('a bundle.size that is no number of bytes');
  return {
    ...(typeof sha256 === 'string' ? { sha256: sha256.toLowerCase() } : {}),
    ...(typeof size === 'number' ? { size } : {}),
    ...(typeof contentType === 'string' && contentType !== '' ? { contentType } : {}),
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
