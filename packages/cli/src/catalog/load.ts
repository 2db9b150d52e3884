import { stat } from 'node:fs/promises';
import { type Catalog, parseCatalog } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import { loadContracts } from '@summit/maestro-worker/packages';
import type { ResolvedConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import { CliError, systemReason } from '../errors.ts';
import { type ManifestFile, readManifestFiles } from './files.ts';

/** Manifests with the tasks they may use. */
export interface LoadedCatalog {
  catalog: Catalog;
  files: ManifestFile[];
  contracts: TaskContract[];
}

/** Reads the manifests at `locations` and the contracts of the configured packages. */
export async function loadCatalogAt(locations: readonly string[], context: Context): Promise<LoadedCatalog> {
  const config = await context.config();
  const [files, contracts] = await Promise.all([readManifestFiles(locations, context.io.cwd), loadContracts(config.packages, config.root)]);
  return { catalog: parseCatalog(files).catalog, files, contracts };
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
