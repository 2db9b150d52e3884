import { compareLock, LOCK_FILE, lint, lockOf, lockText } from '@summit/maestro-manifest';
import { catalogFolders, type LoadedCatalog, loadCatalogAt } from '../catalog/load.ts';
import { requireLocked } from '../catalog/lock.ts';
import { replaceFile } from '../catalog/replace.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { showDiagnostics } from '../render/diagnostics.ts';
import { count, printable } from '../text.ts';

/** What has to be right before there is anything to lock: what cannot be read is reported in any case. */
const RULES = ['unknown-task', 'unsatisfied-version', 'workflow-not-found', 'duplicate-manifest'];

/** `maestro lock` */
export async function lock(context: Context, options: { check?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const folders = await catalogFolders(await context.config());
  const loaded = await loadCatalogAt(folders, context);
  const { catalog, contracts, files, lockFile } = loaded;
  if (files.length === 0) {
    throw new CliError(`no manifests (*.yaml, *.yml) in ${folders.join(', ')}`, {
      code: 'CATALOG_EMPTY',
      next: 'name another folder with --catalog',
    });
  }
  if (options.check) {
    requireLocked(loaded, context);
    if (out.isTTY) out.line(`everything is as ${lockFile.shown} says`);
    return exit.ok;
  }
  refuseErrors(context, loaded);
  const made = lockOf(catalog, contracts);
  const text = lockText(made);
  const size = `${count(made.references.size, 'reference')}, ${count(made.manifests.size, 'manifest')}`;
  if (text === lockFile.text) {
    out.line(`${lockFile.shown} is up to date: ${size}`);
    return exit.ok;
  }
  await replaceFile(lockFile.path, text);
  out.line(`wrote ${lockFile.shown}: ${size}`);
  if (lockFile.lock !== undefined) {
    for (const { kind, subject, expected, found } of compareLock(lockFile.lock, made)) {
      out.line(`  ${printable(subject)}  ${changes[kind](expected, found)}`);
    }
  }
  return exit.ok;
}

const changes: Record<ReturnType<typeof compareLock>[number]['kind'], (expected?: string, found?: string) => string> = {
  'reference-new': (_, found) => `new: ${found}`,
  'reference-gone': () => 'gone',
  version: (expected, found) => `${expected} -> ${found}`,
  contract: () => 'another contract of the same version',
  'manifest-new': () => 'new',
  'manifest-gone': () => 'gone',
  'manifest-changed': () => 'changed',
};

function refuseErrors(context: Context, { catalog, contracts, files }: LoadedCatalog): void {
  const errors = lint(catalog, contracts, { rules: RULES }).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  showDiagnostics(errors, files, 'pretty', context.terminal.err);
  throw new CliError(`the catalog cannot be locked: ${count(errors.length, 'error')} in its manifests, see above`, {
    code: 'LOCK_REFUSED',
    next: `correct them; ${LOCK_FILE} is as it was`,
  });
}
