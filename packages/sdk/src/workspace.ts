import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { InvalidInputError, TaskError } from './errors.ts';

/** What the path will be used for. */
export interface ResolveOptions {
  /** `read` (default): the file or folder must exist. `write`: the folder it is in must exist, the file itself need not. */
  for?: 'read' | 'write';
}

/**
 * The real, absolute path of `path`, which must lie inside the workspace `root` (normally `ctx.workspace`).
 * A relative path is relative to `root`; an absolute one is fine inside it. Symbolic links are followed and may not leave the workspace.
 * What comes back has no links left in it: use it, and not `path`, for everything that follows.
 *
 * Errors, none of them retryable:
 * `PATH_OUTSIDE_WORKSPACE`, also by way of a link; `PATH_INVALID` (empty, with a NUL byte, too long, no string);
 * `FILE_NOT_FOUND`; `FOLDER_NOT_FOUND` (the folder to write into); `SYMLINK_BROKEN` (to write through a link to nothing, or in a circle);
 * `PATH_NOT_ACCESSIBLE` (no permission); `WORKSPACE_NOT_FOUND`.
 */
export async function resolveInWorkspace(root: string, path: string, options: ResolveOptions = {}): Promise<string> {
  if (typeof path !== 'string' || path === '') throw invalid(path, 'expected a path');
  if (path.includes('\0')) throw invalid(path, 'a path holds no NUL byte');
  const given = resolve(root);
  const real = await realRoot(given);
  const wanted = resolve(given, path);
  // Told apart before the file system is asked, which would show whether something outside exists.
  if (!isInside(given, wanted) && !isInside(real, wanted)) throw outside(path, wanted, given);
  const place: Place = { path, root: given, real };
  return options.for === 'write' ? forWriting(place, wanted) : follow(place, wanted, 'FILE_NOT_FOUND');
}

/** What was asked for, and where: `real` is `root` without links. */
interface Place {
  path: string;
  root: string;
  real: string;
}

async function realRoot(root: string): Promise<string> {
  try {
    return await realpath(root);
  } catch (cause) {
    throw TaskError.terminal(
      'WORKSPACE_NOT_FOUND',
      `workspace ${root} cannot be opened (${codeOf(cause)}); correct "workspace" in the configuration`,
      {
        cause,
      },
    );
  }
}

async function forWriting(place: Place, wanted: string): Promise<string> {
  const last = place.path.split(sep === '/' ? '/' : /[/\\]/).at(-1) ?? '';
  if (wanted === place.root || wanted === place.real || ['', '.', '..'].includes(last)) {
    throw invalid(place.path, 'expected a file to write, found a folder');
  }
  const target = join(await follow(place, dirname(wanted), 'FOLDER_NOT_FOUND'), basename(wanted));
  let isLink: boolean;
  try {
    isLink = (await lstat(target)).isSymbolicLink();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return target;
    throw fromSystem(place.path, target, error, 'FOLDER_NOT_FOUND');
  }
  // A link in the last place would take the writing elsewhere; one to nothing cannot be judged.
  return isLink ? follow(place, target, 'SYMLINK_BROKEN') : target;
}

type Missing = 'FILE_NOT_FOUND' | 'FOLDER_NOT_FOUND' | 'SYMLINK_BROKEN';

/** The real path of `target`. Throws when it is missing or outside the workspace; the latter also when both are true. */
async function follow(place: Place, target: string, missing: Missing): Promise<string> {
  let found: string;
  try {
    found = await realpath(target);
  } catch (error) {
    const parent = await nearestParent(target);
    if (!isInside(place.real, parent)) throw outside(place.path, parent, place.root);
    throw fromSystem(place.path, target, error, missing);
  }
  if (!isInside(place.real, found)) throw outside(place.path, found, place.root);
  return found;
}

/** The real path of the first folder above `path` that has one. */
async function nearestParent(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      return await realpath(folder);
    } catch (error) {
      if (folder === dirname(folder)) throw error;
    }
  }
}

function isInside(root: string, path: string): boolean {
  const step = relative(root, path);
  return step === '' || (step !== '..' && !step.startsWith(`..${sep}`) && !isAbsolute(step));
}

function fromSystem(path: string, target: string, cause: unknown, missing: Missing): TaskError {
  const code = codeOf(cause);
  const shown = show(path);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const message = {
      FILE_NOT_FOUND: `${shown} does not exist (${target})`,
      FOLDER_NOT_FOUND: `the folder for ${shown} does not exist (${target}); create it first`,
      SYMLINK_BROKEN: `${shown} is a symbolic link to something that does not exist (${target}); remove the link or create its target`,
    };
    return new InvalidInputError(message[missing], { code: missing, cause });
  }
  if (code === 'ELOOP')
    return new InvalidInputError(`${shown} is a symbolic link that leads in a circle (${target})`, { code: 'SYMLINK_BROKEN', cause });
  if (code === 'ENAMETOOLONG') return invalid(path, 'it is too long for this file system', cause);
  return TaskError.terminal('PATH_NOT_ACCESSIBLE', `${shown} cannot be accessed (${code}: ${target}); give this process permission`, {
    cause,
  });
}

function outside(path: string, found: string, root: string): InvalidInputError {
  return new InvalidInputError(
    `${show(path)} leads to ${found}, outside the workspace ${root}; use a file inside it, or another "workspace" in the configuration`,
    { code: 'PATH_OUTSIDE_WORKSPACE' },
  );
}

function invalid(path: unknown, why: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(`${show(path)} is not a usable path: ${why}`, { code: 'PATH_INVALID', cause });
}

function show(path: unknown): string {
  const text = typeof path === 'string' ? JSON.stringify(path) : String(path);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? String(error);
}
