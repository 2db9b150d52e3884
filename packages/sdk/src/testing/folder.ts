import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInputError } from '../errors.ts';

/** A temporary folder that exists from when somebody first asks for its path until it is removed. */
export class LazyFolder {
  #path: string | undefined;

  /** Its real path, without links. */
  get path(): string {
    this.#path ??= realpathSync(mkdtempSync(join(tmpdir(), 'maestro-test-')));
    return this.#path;
  }

  get exists(): boolean {
    return this.#path !== undefined;
  }

  async remove(): Promise<void> {
    if (this.#path === undefined) return;
    await rm(this.#path, { recursive: true, force: true });
    this.#path = undefined;
  }
}

/** Makes the folder `path` with `files`, by relative path. */
export function makeWorkspace(path: string, files: Record<string, string | Uint8Array>): string {
  mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    if (!file.startsWith(`${path}/`) && !file.startsWith(`${path}\\`))
      throw new InvalidInputError(`files: "${name}" leads out of the workspace`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return path;
}
