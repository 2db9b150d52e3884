import type { Catalog, Manifest } from '../model/manifest.ts';
import { referencesOf } from '../model/references.ts';
import { assembleCatalog, type CatalogFile, type ParsedCatalogFile, parseCatalogFile } from './catalog.ts';

/** What a name is made of, in any text. */
const WORD = /[\w-]+/g;
/** In a quoted string these stand for another character, or for none: a name may be written with them. */
const ESCAPED = /\\[xuU\r\n]/;

/**
 * The part of a catalog that has a say in what is wrong with the files `wanted`: they themselves, what they refer to, directly or not, and
 * what mentions something of them. The others are not read, which for one file of many is most of the work. What is not found in this
 * part may still be in the whole, so an error is certain only there; where this part has none, the whole has none for `wanted`.
 */
export function parseRelated(files: readonly CatalogFile[], wanted: ReadonlySet<string>): Catalog {
  const parsed = new Map<CatalogFile, ParsedCatalogFile>();
  const mentions = mentionsOf(files);
  const names = new Set<string>();
  const read = (file: CatalogFile, namesOf: (manifest: Manifest) => Iterable<string>) => {
    if (parsed.has(file)) return;
    const content = parseCatalogFile(file);
    parsed.set(file, content);
    for (const manifest of content.manifests) for (const name of namesOf(manifest)) names.add(name);
  };
  for (const file of files) if (wanted.has(file.path)) read(file, (manifest) => [...ownName(manifest), ...namesUsed(manifest)]);
  for (const file of files) if (ESCAPED.test(file.text)) read(file, namesUsed);
  // Grows while it is gone through.
  for (const name of names) for (const file of mentions.get(name) ?? []) read(file, namesUsed);
  return assembleCatalog(files.flatMap((file) => parsed.get(file) ?? []));
}

function mentionsOf(files: readonly CatalogFile[]): Map<string, CatalogFile[]> {
  const mentions = new Map<string, CatalogFile[]>();
  for (const file of files) {
    for (const word of new Set(file.text.match(WORD))) {
      const known = mentions.get(word);
      if (known) known.push(file);
      else mentions.set(word, [file]);
    }
  }
  return mentions;
}

function ownName({ name }: Manifest): string[] {
  return name === undefined ? [] : [name];
}

function namesUsed(manifest: Manifest): string[] {
  return referencesOf(manifest).flatMap(({ kind, name }) => (kind === 'workflow' ? [name] : []));
}
