import type { Json } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import { SourceFile } from '../text/source.ts';
import { parseDocuments } from './documents.ts';
import { toJson } from './node.ts';

/**
 * Reads a file that holds one value as YAML or JSON, within the limits that manifests have and without what YAML has beyond
 * JSON. Never throws; `value` is absent where something is wrong, and null where the file is empty.
 */
export function parseValue({ path, text }: { path: string; text: string }): { value?: Json; diagnostics: Diagnostic[] } {
  const file = new SourceFile(path, text);
  const { roots, problems } = parseDocuments(file);
  const [root, second] = roots;
  const wrong = second
    ? [...problems, { start: second.start, end: second.end, message: 'a second document; there may be one', hint: 'remove it' }]
    : problems;
  const diagnostics = wrong.map(
    ({ start, end, message, hint }): Diagnostic => ({
      code: 'yaml-syntax',
      severity: 'error',
      message,
      file: path,
      range: file.range(start, end),
      ...(hint === undefined ? {} : { hint }),
    }),
  );
  return diagnostics.length > 0 ? { diagnostics } : { value: root ? toJson(root) : null, diagnostics };
}
