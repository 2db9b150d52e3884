import { type StatsListener, unwatchFile, watch, watchFile } from 'node:fs';
import path from 'node:path';
import { LOCK_FILE } from '@summit/maestro-manifest';
import { findPackage } from '@summit/maestro-worker/packages';
import { lockFolder } from '../catalog/lock.ts';
import { CONFIG_NAMES } from '../config/file.ts';
import type { Project } from './project.ts';

/** How often files that editors do not watch are looked at, in milliseconds. */
const INTERVAL_MS = 1_000;

/** The files whose change means that configuration, tasks and lock are read again. Editors leave out node_modules when they watch. */
export function sourcesOf(project: Project): string[] {
  const { root, config } = project;
  const files = CONFIG_NAMES.map((name) => path.join(root, name));
  for (const name of config?.packages ?? []) {
    try {
      const { root: folder, contracts } = findPackage(name, root);
      files.push(path.join(folder, 'package.json'), ...(contracts === undefined ? [] : [contracts]));
    } catch {
      // It is not installed: it would be put here.
      files.push(path.join(root, 'node_modules', name, 'package.json'));
    }
  }
  if (config !== undefined) files.push(path.join(lockFolder(config), LOCK_FILE));
  return files;
}

/** Tells when one of `files` changes, appears or goes, until the returned function is called. Keeps no process alive. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  const listener: StatsListener = (now, before) => {
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) changed();
  };
  for (const file of files) watchFile(file, { persistent: false, interval: INTERVAL_MS }, listener);
  return () => {
    for (const file of files) unwatchFile(file, listener);
  };
}

/** Tells which files below a folder change, for editors that cannot. Does nothing where the folder is not there. */
export function watchFolder(folder: string, changed: (file: string) => void): () => void {
  try {
    const watcher = watch(folder, { recursive: true, persistent: false }, (_, name) => {
      if (name !== null) changed(path.join(folder, name));
    });
    // A folder that goes away is no reason to stop.
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
