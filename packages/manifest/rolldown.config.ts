import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig, type Plugin } from 'rolldown';

/** What every check of a manifest loads comes along: of what `maestro lint` takes, finding and opening 120 small files was a quarter. */
const INLINED = /^(?:yaml|semver|@noble\/hashes|@marcbachmann\/cel-js|@summit\/maestro-expressions)(?:\/|$)/;

/** One module per door; the SDK (a class must not exist twice), and what only some checks need, are left alone. */
const door = (input: string, file: string) => ({
  input,
  // What browsers are given of a package needs nothing of Node.
  platform: 'browser' as const,
  external: (id: string, parent: string | undefined) => /^[^./]/.test(id) && !INLINED.test(id) && !parent?.includes('/node_modules/'),
  plugins: [licences(file)],
  output: { file, format: 'esm' as const },
});

/** Puts the licences of the packages that came along beside the bundle, as they ask for. */
function licences(file: string): Plugin {
  return {
    name: 'licences',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) => (chunk.type === 'chunk' ? Object.keys(chunk.modules) : []));
      const folders = new Set(modules.flatMap((id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []));
      const texts = [...folders].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name: string; version: string };
        const licence = readdirSync(folder).find((entry) => /^licen[cs]e(?:\.|$)/i.test(entry));
        if (licence === undefined) throw new Error(`${name} has no licence file`);
        return `${name}@${version}\n\n${readFileSync(join(folder, licence), 'utf8').trim()}\n`;
      });
      if (texts.length === 0) return;
      this.emitFile({ type: 'asset', fileName: `${file.slice(dirname(file).length + 1)}.licences.txt`, source: texts.join('\n---\n\n') });
    },
  };
}

export default defineConfig([
  door('dist/index.js', 'dist/bundle.js'),
  // Apart, so that only who draws loads the layout library.
  door('dist/graph/svg/index.js', 'dist/svg.js'),
]);
