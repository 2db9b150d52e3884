export { completionsAt } from './completion/completion.ts';
export type { Completion } from './completion/item.ts';
export { type Definition, definitionAt } from './definition.ts';
export { type Hover, hoverAt } from './hover.ts';
export { LiveCatalog } from './live-catalog.ts';
export { catalogSchema } from './schema/catalog-schema.ts';
export { type Outline, outlineOf } from './symbols.ts';
