import type { Diagnostic } from '../diagnostic.ts';
import { type CatalogFile, parseCatalog } from '../parse/catalog.ts';
import { applyFixes } from './apply-fixes.ts';

/** More rounds than any chain of mistakes that hide each other needs; also ends fixes that undo each other. */
const ROUNDS = 50;

export interface FixedFiles {
  /** All files, in the order given; those without fixes are as they were. */
  files: CatalogFile[];
  /** How many fixes each changed file got, by path. */
  fixed: Map<string, number>;
}

/**
 * Applies the fixes that `findings` offers, finds again and goes on until no fix is left. A fix after which a file could be read
 * less well than before (not YAML, a manifest less) is not applied. Files of which `findings` tells nothing stay as they are.
 */
export function fixFiles(given: readonly CatalogFile[], findings: (files: readonly CatalogFile[]) => readonly Diagnostic[]): FixedFiles {
  const fixed = new Map<string, number>();
  const seen = new Set<string>();
  let files = [...given];
  for (let round = 0; round < ROUNDS; round++) {
    const offered = Map.groupBy(
      findings(files).filter(({ fix }) => fix !== undefined),
      ({ file }) => file,
    );
    let changed = false;
    files = files.map((file) => {
      const better = mended(file, offered.get(file.path) ?? []);
      const state = JSON.stringify([file.path, better.text]);
      // A text that was there before would come again and again.
      if (better.text === file.text || seen.has(state)) return file;
      seen.add(JSON.stringify([file.path, file.text])).add(state);
      fixed.set(file.path, (fixed.get(file.path) ?? 0) + better.applied);
      changed = true;
      return { path: file.path, text: better.text };
    });
    if (!changed) break;
  }
  return { files, fixed };
}

/** The file with all fixes, or with those that do it no harm. */
function mended({ path, text }: CatalogFile, diagnostics: readonly Diagnostic[]): { text: string; applied: number } {
  const all = applyFixes(text, diagnostics);
  if (all.applied === 0 || !worse(path, text, all.text)) return all;
  let kept: Diagnostic[] = [];
  for (const diagnostic of diagnostics) {
    const more = [...kept, diagnostic];
    if (!worse(path, text, applyFixes(text, more).text)) kept = more;
  }
  return applyFixes(text, kept);
}

function worse(path: string, before: string, after: string): boolean {
  const [old, fresh] = [before, after].map((text) => legibility(path, text)) as [Legibility, Legibility];
  return fresh.unreadable > old.unreadable || fresh.manifests < old.manifests;
}

interface Legibility {
  unreadable: number;
  manifests: number;
}

function legibility(path: string, text: string): Legibility {
  const { catalog, diagnostics } = parseCatalog([{ path, text }]);
  return { unreadable: diagnostics.filter(({ code }) => code === 'yaml-syntax').length, manifests: catalog.manifests.length };
}
