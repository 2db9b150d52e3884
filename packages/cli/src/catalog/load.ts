import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Catalog, parseCatalog } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import { loadContracts } from '@summit/maestro-worker/packages';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError, systemReason } from '../errors.ts';
import { isWithin, type ManifestFile, readManifestFiles } from './files.ts';
import { type LockFile, lockFolder, readLockFile } from './lock.ts';

/** Manifests with the tasks they may use. */
export interface LoadedCatalog {
  /** Parsed when it is first asked for. */
  readonly catalog: Catalog;
  files: ManifestFile[];
  contracts: TaskContract[];
  /** The lock file that goes with it. */
  lockFile: LockFile;
}

/**
 * Reads the manifests at `locations`, the contracts of the configured packages and the lock file: that of the configured catalogs,
 * or the one beside what was asked for where that is in none of them.
 */
export async function loadCatalogAt(locations: readonly string[], context: Context): Promise<LoadedCatalog> {
  const config = await context.config();
  const { cwd } = context.io;
  const [files, contracts] = await Promise.all([readManifestFiles(locations, cwd), loadContracts(config.packages, config.root)]);
  const lockFile = await readLockFile(await lockFolderOf(locations, config), cwd);
  let catalog: Catalog | undefined;
  return {
    files,
    contracts,
    lockFile,
    get catalog() {
      catalog ??= parseCatalog(files).catalog;
      return catalog;
    },
  };
}

async function lockFolderOf(locations: readonly string[], config: ResolvedConfig): Promise<string> {
  const [first] = locations;
  if (first === undefined || locations.some((place) => config.catalogs.some((folder) => isWithin(place, folder))))
    return lockFolder(config);
  return (await stat(first)).isDirectory() ? first : path.dirname(first);
}

/** The catalogs of the configuration. Throws `CATALOG_NOT_FOUND` when one is not there. */
export async function catalogFolders(config: ResolvedConfig): Promise<string[]> {
  const problems: string[] = [];
  for (const folder of config.catalogs) {
    try {
      await stat(folder);
    } catch (error) {
      problems.push(`${folder} ${systemReason(error)}`);
    }
  }
  if (problems.length > 0) {
    throw new CliError(problems.length === 1 ? 'the catalog is not there' : 'catalogs are not there', {
      code: 'CATALOG_NOT_FOUND',
      problems,
      next: 'name the folder that holds the manifests: `catalogs` in maestro.config, or --catalog',
    });
  }
  return config.catalogs;
}
