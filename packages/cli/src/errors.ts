import { type ExitCode, exit } from './exit.ts';

/** How a {@link CliError} is made. */
export interface CliErrorOptions {
  /** Stable code, documented in docs/cli.md. */
  code: string;
  /** What the operator can do about it; an imperative sentence. */
  next?: string;
  /** Several findings of one kind, shown one per line. */
  problems?: string[];
  exitCode?: ExitCode;
  cause?: unknown;
}

/** A command could not do its work, and the reason is for the person at the keyboard. */
export class CliError extends Error {
  override name = 'CliError';
  readonly code: string;
  readonly next?: string;
  readonly problems: string[];
  readonly exitCode: ExitCode;

  constructor(message: string, options: CliErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    if (options.next !== undefined) this.next = options.next;
    this.problems = options.problems ?? [];
    this.exitCode = options.exitCode ?? exit.couldNotRun;
  }
}

/** `ENOENT` and the like of a system error, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

const SYSTEM_REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'already exists',
  ENOSPC: 'no space left on the disk',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  EIO: 'the device could not read it',
  EMFILE: 'too many files are open',
};

/** Why a file operation failed, in words; the path is the caller's to say. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  if (code !== undefined) return SYSTEM_REASONS[code] === undefined ? code : `${SYSTEM_REASONS[code]} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
