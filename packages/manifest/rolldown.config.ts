import { defineConfig } from 'rolldown';

/** One module of our own per door, others' packages left alone: of what `maestro lint` takes, opening many small files is the larger part. */
const door = (input: string, file: string) => ({ input, external: /^[^./]/, output: { file, format: 'esm' as const } });

export default defineConfig([
  door('dist/index.js', 'dist/bundle.js'),
  // Apart, so that only who draws loads the layout library.
  door('dist/graph/svg/index.js', 'dist/svg.js'),
]);
