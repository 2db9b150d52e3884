import { defineConfig } from 'rolldown';

/** One module of our own, others' packages left alone: of what `maestro lint` takes, opening many small files is the larger part. */
export default defineConfig({
  input: 'dist/index.js',
  external: /^[^./]/,
  output: { file: 'dist/bundle.js', format: 'esm' },
});
