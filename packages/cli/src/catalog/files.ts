import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { catalogLimits, LOCK_FILE } from '@summit/maestro-manifest';
import { readBounded } from '../bounded.ts';
import { CliError, systemReason } from '../errors.ts';

/** A manifest file as the catalog parser takes it. */
export interface ManifestFile {
  /** As people know it: relative to the current folder where it is below it. */
  path: string;
  text: string;
}

/** Tests of runbooks and the lock file are YAML beside the manifests, but no manifests. */
const isManifest = (name: string) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && name !== LOCK_FILE;
/** Files that are open at the same time: a catalog has more than a process may have. */
const AT_ONCE = 64;
/** A manifest has at most a million characters, of up to four bytes. */
const MOST_BYTES = 4 * catalogLimits.fileLength;
/** Folders that are not part of a catalog. */
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);

/**
 * Reads the manifests at `locations`: files as they are, of folders every `*.yaml` and `*.yml` below them. Sorted by path,
 * each file once. Throws a {@link CliError} that names everything that cannot be read.
 */
export async function readManifestFiles(locations: readonly string[], cwd: string): Promise<ManifestFile[]> {
  const { files, problems } = await findManifestFiles(locations.map((location) => path.resolve(cwd, location)));
  const read: ManifestFile[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const texts = files.slice(at, at + AT_ONCE).map(async (file) => {
      try {
        return [{ path: shownPath(file, cwd), text: await readStart(file) }];
      } catch (error) {
        problems.push(`${shownPath(file, cwd)}: ${systemReason(error)}`);
        return [];
      }
    });
    read.push(...(await Promise.all(texts)).flat());
  }
  if (problems.length > 0) {
    throw new CliError('not all manifests can be read', {
      code: 'CATALOG_UNREADABLE',
      problems: problems.sort(),
      next: 'correct the paths or their permissions; nothing was checked',
    });
  }
  return read;
}

/** A file as UTF-8; of one that is larger than any manifest may be, enough for the parser to say so. */
async function readStart(file: string): Promise<string> {
  const { size } = await stat(file);
  // Pipes and devices have no size.
  if (size > 0 && size <= MOST_BYTES) return readFile(file, 'utf8');
  return (await readBounded(createReadStream(file, { end: MOST_BYTES }), Number.POSITIVE_INFINITY)) ?? '';
}

/** The files at absolute `locations`, sorted, each once, and what could not be looked at. */
export async function findManifestFiles(locations: readonly string[]): Promise<{ files: string[]; problems: string[] }> {
  const problems: string[] = [];
  const files = new Set<string>();
  for (const location of locations) await collect(location, files, problems);
  return { files: [...files].sort(), problems };
}

/** Whether a file in a catalog folder is a manifest, by its path in there. */
export function isManifestPath(relative: string): boolean {
  const folders = relative.split(path.sep);
  const name = folders.pop() ?? '';
  return isManifest(name) && !folders.some((folder) => SKIPPED.has(folder) || folder.startsWith('.'));
}

/** Adds the file, or the manifests below the folder. Links to folders are not followed: they may lead in circles. */
async function collect(location: string, files: Set<string>, problems: string[]): Promise<void> {
  try {
    if (!(await stat(location)).isDirectory()) {
      // Named by a shell's wildcard, perhaps.
      if (path.basename(location) !== LOCK_FILE) files.add(location);
      return;
    }
    for (const entry of await readdir(location, { withFileTypes: true })) {
      const file = path.join(location, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name) && !entry.name.startsWith('.')) await collect(file, files, problems);
      } else if (isManifest(entry.name) && (entry.isFile() || (await isFile(file)))) files.add(file);
    }
  } catch (error) {
    problems.push(`${location}: ${systemReason(error)}`);
  }
}

/** Follows a link; pipes and devices are no manifests. What cannot be looked at is taken for a file, so that reading it says why. */
async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return true;
  }
}

/** Relative where that is shorter to read: below the current folder. */
export function shownPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

/** Whether `file` is `folder` or below it. */
export function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}
