import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A record as ingest-enrich-handoff takes it. */
export interface RawRecord {
  id: string;
  name: string | null;
  updatedAt: string;
  [field: string]: unknown;
}

/**
 * The 3,201 films of the public data set `movies.json` (npm package vega-datasets, BSD-3-Clause), under ids of their own. One of
 * them, as it comes, has no title.
 */
export function movies(): RawRecord[] {
  const file = fileURLToPath(new URL('../data/movies.json', import.meta.resolve('vega-datasets')));
  const films = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  return films.map((film, index) => ({
    ...film,
    id: `movie-${String(index + 1).padStart(4, '0')}`,
    // Titles such as 1941 are numbers in the data set.
    name: film.Title === null ? null : String(film.Title),
    updatedAt: new Date(`${String(film['Release Date'])} UTC`).toISOString(),
  }));
}
