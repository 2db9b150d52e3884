import type { JsonSchema } from '@summit/maestro-sdk';
import { canonicalJson } from '@summit/maestro-sdk/canonical';
import { type AnySchema, dereference, keyword } from '../schema/refs.ts';
import { alternativesOf, meaning } from './alternatives.ts';
import type { Change, Comparing, Pair, Side } from './change.ts';
import { compareObjects } from './objects.ts';
import { compareScalars } from './scalars.ts';
import { typesOf } from './types.ts';

/** Deeper than this a schema refers to itself: what is below has been compared already. */
const DEEPEST = 24;

/** In what a schema differs from the one it was before. */
export function compareSchemas(before: AnySchema, after: AnySchema, side: Side): Change[] {
  return new Comparison(before, after, side).compare({ before, after, path: side });
}

class Comparison implements Comparing {
  readonly side: Side;
  readonly #before: AnySchema;
  readonly #after: AnySchema;
  /** A reference means the same in both. */
  readonly #sameDefinitions: boolean;
  #depth = 0;
  /** Alternatives are held against each other: this bounds the work that hostile schemas make. */
  #steps = 20_000;

  constructor(before: AnySchema, after: AnySchema, side: Side) {
    this.#before = before;
    this.#after = after;
    this.side = side;
    this.#sameDefinitions = definitions(before) === definitions(after) && [before, after].every(refersToDefinitions);
  }

  compare(pair: Pair): Change[] {
    if (this.#steps-- <= 0) return [{ path: pair.path, breaking: true, message: 'is too large to be compared' }];
    if (this.#depth >= DEEPEST) return [];
    this.#depth++;
    try {
      return this.#compare(pair);
    } finally {
      this.#depth--;
    }
  }

  #compare({ path, ...pair }: Pair): Change[] {
    const before = dereference(pair.before, this.#before);
    const after = dereference(pair.after, this.#after);
    if (before === undefined || after === undefined) return [{ path, breaking: true, message: 'refers to a schema that is not there' }];
    if (same(before, after) && (this.#sameDefinitions || !hasReferences(before))) return [];
    const [sub, sup] = this.side === 'input' ? [before, after] : [after, before];
    if (anything(sup)) return anything(sub) ? [] : [widened(path, this.side)];
    if (anything(sub))
      return [{ path, breaking: true, message: this.side === 'input' ? 'no longer takes everything' : 'may be anything now' }];
    if (sub === false) return [];
    if (sup === false) return [{ path, breaking: true, message: this.side === 'input' ? 'takes nothing any more' : 'may be there now' }];
    return this.#alternatives(before as JsonSchema, after as JsonSchema, path);
  }

  /** Every alternative of what has to fit needs one that it fits; without one, the differences to the nearest are told. */
  #alternatives(before: JsonSchema, after: JsonSchema, path: string): Change[] {
    const olds = alternativesOf(before, (schema) => dereference(schema, this.#before));
    const news = alternativesOf(after, (schema) => dereference(schema, this.#after));
    if (!olds || !news) return [{ path, breaking: true, message: 'changed in a way that cannot be compared' }];
    const [subs, sups] = this.side === 'input' ? [olds, news] : [news, olds];
    const held = (text: string) => subs.always.has(text) && (this.#sameDefinitions || !text.includes('"$ref"'));
    if (![...sups.exclusive].every(held)) {
      return [{ path, breaking: true, message: 'exactly one of several shapes is asked for, which was not so' }];
    }
    const changes = subs.list.flatMap((sub) => {
      const tries = sups.list.map((sup) => {
        const [old, fresh] = this.side === 'input' ? [sub, sup] : [sup, sub];
        return this.#plain(old, fresh, path);
      });
      const cost = (found: Change[]) => found.filter((change) => change.breaking).length * 1_000 + found.length;
      return tries.reduce((best, found) => (cost(found) < cost(best) ? found : best));
    });
    if (sups.list.length > subs.list.length && changes.length === 0) changes.push(widened(path, this.side));
    return unique(changes);
  }

  /** Two schemas without alternatives. */
  #plain(before: JsonSchema, after: JsonSchema, path: string): Change[] {
    const olds = typesOf(before);
    const news = typesOf(after);
    const [subs, sups] = this.side === 'input' ? [olds, news] : [news, olds];
    const missing = [...subs].filter((type) => !sups.has(type) && !(type === 'integer' && sups.has('number')));
    if (missing.length > 0) {
      const verb = this.side === 'input' ? 'no longer takes' : 'may now be';
      return [{ path, breaking: true, message: `${verb} ${missing.join(' or ')}; it was ${list(olds)} and is ${list(news)}` }];
    }
    const wider = [...sups].some((type) => !subs.has(type) && !(type === 'number' && subs.has('integer') && !subs.has('number')));
    return [
      ...(wider && olds.size < 6 && news.size < 6 ? [widened(path, this.side)] : []),
      ...compareScalars(before, after, path, this.side, subs),
      ...(subs.has('array') ? this.#items(before, after, path) : []),
      ...(subs.has('object') ? compareObjects({ before, after, path }, this) : []),
    ];
  }

  #items(before: JsonSchema, after: JsonSchema, path: string): Change[] {
    const items = (schema: JsonSchema) => keyword(schema, 'items') ?? true;
    if (Array.isArray(items(before)) || Array.isArray(items(after))) {
      return same(items(before), items(after))
        ? []
        : [{ path: `${path}[]`, breaking: true, message: 'changed in a way that cannot be compared' }];
    }
    return this.compare({ before: items(before) as AnySchema, after: items(after) as AnySchema, path: `${path}[]` });
  }
}

function widened(path: string, side: Side): Change {
  return { path, breaking: false, message: side === 'input' ? 'takes more than before' : 'says more precisely what it is' };
}

function anything(schema: AnySchema): boolean {
  return schema === true || (typeof schema === 'object' && Object.keys(meaning(schema) as JsonSchema).every((name) => name === 'default'));
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(meaning(a)) === canonicalJson(meaning(b));
}

function definitions(root: AnySchema): string {
  if (typeof root === 'boolean') return '';
  return canonicalJson(['$defs', 'definitions'].map((name) => meaning({ properties: keyword(root, name) ?? {} })));
}

/** Every reference leads into the definitions, and not to other parts of the schema. */
function refersToDefinitions(root: AnySchema): boolean {
  const references = canonicalJson(root).match(/"\$ref":"[^"]*/g) ?? [];
  return references.every((reference) => /^"\$ref":"#\/(\$defs|definitions)\//.test(reference));
}

/** What a reference stands for may differ where the references are the same. */
function hasReferences(schema: AnySchema): boolean {
  return canonicalJson(schema).includes('"$ref"');
}

function list(types: ReadonlySet<string>): string {
  return types.size >= 6 ? 'anything' : [...types].join(' or ');
}

function unique(changes: Change[]): Change[] {
  return [...new Map(changes.map((change) => [`${change.path}\0${change.message}`, change])).values()];
}
