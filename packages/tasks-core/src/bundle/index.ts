export { collect } from './collect.ts';
export { resolveTarget } from './target.ts';
export { previewBundle, writeBundle } from './write-bundle.ts';
