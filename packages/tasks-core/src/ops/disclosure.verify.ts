import { constants, type FileHandle, open } from 'node:fs/promises';
import { TaskError } from '@summit/maestro-sdk';
import type { Manifest } from '../bundle/manifest.ts';
import type { BundleProblem } from '../bundle/verify/problems.ts';
import type { SignatureReport } from '../bundle/verify/signature.ts';
import type { VerifiedFile, VerifyLimits } from '../bundle/verify/verify.ts';

export type { BundleProblem, ProblemCode } from '../bundle/verify/problems.ts';
export type { SignatureReport } from '../bundle/verify/signature.ts';
export type { VerifiedFile, VerifyLimits } from '../bundle/verify/verify.ts';

/** How a bundle is verified. */
export interface VerifyOptions {
  /** Ed25519 public key in PEM: the bundle must be signed with its private half. Without it a signature is reported but not checked. */
  publicKey?: string;
  signal?: AbortSignal;
  limits?: Partial<VerifyLimits>;
}

/** What became of the verification. */
export interface VerifyReport {
  /** True when there is no problem at all. */
  ok: boolean;
  /** The files of the manifest, in its order. */
  files: VerifiedFile[];
  problems: BundleProblem[];
  /** All of them, also those above the limit of the list. */
  problemCount: number;
  signature: SignatureReport;
  /** The manifest's facts about the bundle; absent when it cannot be read. */
  manifest?: Omit<Manifest, 'files'>;
}

const LIMITS: VerifyLimits = {
  maxEntries: 150_000,
  maxManifestBytes: 64 * 1024 * 1024,
  maxTotalBytes: Number.MAX_SAFE_INTEGER,
  maxProblems: 1_000,
};

/**
 * Verifies a bundle of `ops/disclosure.package`: that every file is there with the size and hash its manifest says, that nothing was
 * added, hidden, doubled or renamed, that nothing in it would unpack outside its folder, and who signed it. Needs nothing but the
 * file, in constant memory. Whatever the file is, what is wrong with it is reported and not thrown; a hostile one costs no more
 * than reading it and expanding each file to the size it states.
 *
 * Throws `BUNDLE_UNREADABLE` (no such file, no permission, not a regular file), `PUBLIC_KEY_INVALID`, and the signal's reason.
 */
export async function verifyBundle(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { publicKey, signal = new AbortController().signal } = options;
  const { checkBundle, parsePublicKey, Problems } = await import('../bundle/verify/index.ts');
  const key = publicKey === undefined ? undefined : parsePublicKey(publicKey);
  const limits = { ...LIMITS, ...options.limits };
  const problems = new Problems(limits.maxProblems);
  signal.throwIfAborted();
  const { file, size } = await openBundle(path);
  try {
    const { files, signature, manifest } = await checkBundle(file, size, key, limits, problems, signal);
    const { list, count } = problems;
    return { ok: count === 0, files, problems: list, problemCount: count, signature, ...(manifest ? { manifest } : {}) };
  } finally {
    await file.close();
  }
}

async function openBundle(path: string): Promise<{ file: FileHandle; size: number }> {
  let file: FileHandle | undefined;
  try {
    // A pipe must not make us wait for its other end.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error('it is not a regular file');
    return { file, size: stats.size };
  } catch (cause) {
    await file?.close();
    const { code, message } = cause as NodeJS.ErrnoException;
    throw TaskError.terminal('BUNDLE_UNREADABLE', `bundle ${JSON.stringify(path)} cannot be read: ${code ?? message}`, { cause });
  }
}
