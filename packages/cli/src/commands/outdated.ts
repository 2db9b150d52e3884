import { outdated as newerThan, type OutdatedReference } from '@summit/maestro-manifest';
import { catalogFolders, loadCatalogAt } from '../catalog/load.ts';
import { lockInForce } from '../catalog/lock.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable, table } from '../text.ts';

/** `maestro outdated` */
export async function outdated(context: Context, options: { json?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const loaded = await loadCatalogAt(await catalogFolders(await context.config()), context);
  const found = newerThan(loaded.catalog, loaded.contracts, lockInForce(loaded, context));
  if (options.json) out.line(JSON.stringify(found, undefined, 2));
  else if (found.length > 0) show(found, out);
  else if (out.isTTY) out.line('every reference resolves to the newest version there is');
  return exit.ok;
}

/** A line for each reference, and below it what an update to the latest version breaks. */
function show(found: readonly OutdatedReference[], out: Channel): void {
  const { bold, dim, green, red } = out.colors;
  const rows = found.map(({ ref, current, wanted, latest, compatible, places }) => [
    printable(ref),
    current,
    wanted,
    latest,
    compatible ? 'compatible' : 'breaking',
    places.map(({ file, line }) => `${printable(file)}:${line}`).join(' '),
  ]);
  const [head, ...lines] = table([['REFERENCE', 'CURRENT', 'WANTED', 'LATEST', 'CONTRACT', 'WHERE'], ...rows]);
  out.line(bold(head ?? ''));
  for (const [index, line] of lines.entries()) {
    const { compatible, changes } = found[index] as OutdatedReference;
    out.line(line.replace(/ (compatible|breaking) /, (word) => (compatible ? green(word) : red(word))));
    for (const { path, message, breaking } of changes) if (breaking) out.line(dim(`  ${printable(path)} ${printable(message)}`));
  }
}
