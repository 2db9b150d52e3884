import { compile, type Diagnostic, type Plan, planDigest } from '@summit/maestro-manifest';
import type { TaskContract } from '@summit/maestro-sdk';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { showDiagnostics } from '../render/diagnostics.ts';
import { count } from '../text.ts';
import { catalogFolders, loadCatalogAt } from './load.ts';
import { lockInForce, requireLocked } from './lock.ts';
import { trustedFiles } from './trusted.ts';

/** A runbook or workflow, checked and resolved. */
export interface Prepared {
  plan: Plan;
  /** `sha256:<hex>` of the plan. */
  digest: string;
  /** Of all installed tasks. */
  contracts: TaskContract[];
}

/**
 * Compiles the runbook or workflow `ref` of the configured catalogs. Findings are printed on stderr; throws a
 * {@link CliError} `NOT_FOUND` when nothing is called so and `PLAN_REFUSED` when it has errors.
 * With `locked` also unless everything is as the lock file says.
 */
export async function preparePlan(context: Context, ref: string, options: { locked?: boolean } = {}): Promise<Prepared> {
  const config = await context.config();
  const folders = await catalogFolders(config);
  const loaded = await loadCatalogAt(folders, context);
  if (options.locked) requireLocked(loaded, context);
  const { catalog, contracts, files } = loaded;
  const { plan, diagnostics } = compile(catalog, contracts, ref, {
    lock: lockInForce(loaded, context),
    trusted: trustedFiles(config, context.io.cwd),
  });
  const placed = diagnostics.filter((diagnostic) => diagnostic.file !== '');
  showDiagnostics(placed, files, 'pretty', context.terminal.err);
  if (plan !== undefined) return { plan, digest: planDigest(plan), contracts };
  const [missing] = diagnostics.filter((diagnostic) => diagnostic.file === '');
  throw missing === undefined ? refused(ref, placed) : notFound(missing, folders);
}

function refused(ref: string, diagnostics: readonly Diagnostic[]): CliError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  return new CliError(`${ref} cannot be planned: ${count(errors, 'error')} in its manifests, see above`, {
    code: 'PLAN_REFUSED',
    next: 'correct them; `maestro lint` checks the whole catalog',
  });
}

function notFound({ message, hint }: Diagnostic, folders: readonly string[]): CliError {
  return new CliError(message, {
    code: 'NOT_FOUND',
    problems: [...(hint === undefined ? [] : [hint]), `looked in ${folders.join(', ')}`],
    next: 'correct the name, or name another catalog with --catalog',
  });
}
