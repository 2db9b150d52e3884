import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const pages = new Map<string, string | undefined>();

/** The page about a code of `lint`, as it is shipped with this package. */
export function rulePage(code: string): string | undefined {
  if (!pages.has(code)) {
    const file = path.join(import.meta.dirname, '..', 'rules', `${code}.md`);
    pages.set(code, existsSync(file) ? pathToFileURL(file).href : undefined);
  }
  return pages.get(code);
}
