import { existsSync } from 'node:fs';
import path from 'node:path';
import { catalogSchema, parseCatalog } from '@summit/maestro-manifest';
import { loadContracts } from '@summit/maestro-worker/packages';
import { readManifestFiles } from '../catalog/files.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { isCurrent, writeGenerated } from '../scaffold/write.ts';

/** Where a catalog keeps its schema: beside the manifests, which name it in their first line. */
export const SCHEMA_FILE = 'maestro.schema.json';

/** The first line of each document beside its schema: YAML language servers look at every document by itself. */
export const SCHEMA_LINE = `# yaml-language-server: $schema=./${SCHEMA_FILE}`;

/** `maestro schema` */
export async function schema(context: Context, options: { output?: string; check?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  if (options.output === undefined && options.check === true) {
    throw new CliError('--check needs a file to check', { code: 'USAGE', next: `name it: maestro schema --check -o ${SCHEMA_FILE}` });
  }
  const text = await schemaText(context);
  if (options.output === undefined) {
    out.write(text);
    return exit.ok;
  }
  const file = { path: path.resolve(context.io.cwd, options.output), text };
  if (options.check === true) {
    if (await isCurrent(file)) return exit.ok;
    out.line(`${options.output} is not current; write it with: maestro schema -o ${options.output}`);
    return exit.failed;
  }
  out.line((await writeGenerated(file)) ? `wrote ${options.output}` : `${options.output} is current`);
  return exit.ok;
}

/** The schema for the configured catalogs and packages; `folder` belongs to the catalogs too. A catalog may not be there yet. */
export async function schemaText(context: Context, folder?: string): Promise<string> {
  const { catalogs, packages, root } = await context.config();
  const folders = [...new Set([...catalogs, ...(folder === undefined ? [] : [folder])])].filter((name) => existsSync(name));
  const [files, contracts] = await Promise.all([readManifestFiles(folders, context.io.cwd), loadContracts(packages, root)]);
  return `${JSON.stringify(catalogSchema(parseCatalog(files).catalog, contracts), undefined, 2)}\n`;
}
