import path from 'node:path';
import { codeTexts, parseCatalog } from '@summit/maestro-manifest';
import { loadContracts } from '@summit/maestro-worker/packages';
import type { ResolvedConfig } from '../config/config.ts';
import { isWithin, readManifestFiles } from './files.ts';

/** For so long what was read of the trusted catalogs is not read again, in milliseconds. */
const FRESH_MS = 1_000;

/** Whether a file, as messages name it from `cwd`, is part of a catalog that may hold code. */
export function trustedFiles({ trustedCatalogs }: ResolvedConfig, cwd: string): (file: string) => boolean {
  return (file) => trustedCatalogs.some((folder) => isWithin(path.resolve(cwd, file), folder));
}

/**
 * Whether a text is code of a trusted catalog as it is now on the disk, read by this process itself: neither a plan nor what
 * a task is given can say so.
 */
export function trustedCode(config: ResolvedConfig): (code: string) => Promise<boolean> {
  let texts: Promise<ReadonlySet<string>> | undefined;
  let until = 0;
  return async (code) => {
    if (texts === undefined || performance.now() > until) {
      texts = readTexts(config);
      until = performance.now() + FRESH_MS;
    }
    return (await texts).has(code);
  };
}

async function readTexts({ trustedCatalogs, packages, root }: ResolvedConfig): Promise<ReadonlySet<string>> {
  const [files, contracts] = await Promise.all([readManifestFiles(trustedCatalogs, root), loadContracts(packages, root)]);
  return new Set(codeTexts(parseCatalog(files).catalog, contracts));
}
