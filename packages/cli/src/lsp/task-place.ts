import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskContract } from '@summit/maestro-sdk';
import { findPackage, type TaskPackage } from '@summit/maestro-worker/packages';
import type { Location } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Project } from './project.ts';

/** Where a task is to be read: its source where the package ships it under the name of the task, else its entry in the contracts. */
export async function taskPlace(project: Project, name: string, version: string): Promise<Location | undefined> {
  for (const wanted of project.config?.packages ?? []) {
    const found = packageOf(wanted, project.root);
    const contracts = found?.contracts === undefined ? undefined : await textOf(found.contracts);
    if (!found || found.contracts === undefined || contracts === undefined) continue;
    const listed = JSON.parse(contracts) as TaskContract[];
    if (!listed.some((contract) => contract.name === name && contract.version === version)) continue;
    const file = path.join(found.root, 'src', `${name}.ts`);
    const source = await textOf(file);
    return source === undefined
      ? located(found.contracts, contracts, entryOf(contracts, name, version))
      : located(file, source, nameIn(source, name));
  }
  return undefined;
}

function packageOf(name: string, from: string): TaskPackage | undefined {
  try {
    return findPackage(name, from);
  } catch {
    // That it is missing is told with the findings.
    return undefined;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The offset of the entry of a task in the text of the contracts. */
function entryOf(text: string, name: string, version: string): number {
  let at = -1;
  for (;;) {
    at = text.indexOf(JSON.stringify(name), at + 1);
    if (at === -1) return 0;
    // Name and version stand side by side, in this order.
    const behind = text.slice(at, at + name.length + version.length + 200);
    if (new RegExp(`^"[^"]*",\\s*"version":\\s*${JSON.stringify(version).replace(/[.+]/g, '\\$&')}`).test(behind)) return at;
  }
}

function nameIn(source: string, name: string): number {
  const at = source.indexOf(`'${name}'`);
  return at === -1 ? 0 : at + 1;
}

function located(file: string, text: string, offset: number): Location {
  const uri = pathToFileURL(file).href;
  const start = TextDocument.create(uri, '', 0, text).positionAt(offset);
  return { uri, range: { start, end: start } };
}
