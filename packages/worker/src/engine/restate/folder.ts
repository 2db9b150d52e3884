import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TaskError } from '@summit/maestro-sdk';

/** Makes the `.maestro` folder, which no version control takes. Throws `STATE_FOLDER_UNUSABLE`. */
export function useFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, '.gitignore'), '*\n');
  } catch (cause) {
    throw TaskError.terminal('STATE_FOLDER_UNUSABLE', `${dir} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
