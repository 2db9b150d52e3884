import type { FuncKeywordDefinition, SchemaValidateFunction } from 'ajv';
import equal from 'fast-deep-equal';

/** Ajv's own `uniqueItems` compares every item with every other one: minutes for an array of 100,000 objects. This one takes linear time. */
export const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  compile: (wanted: boolean) => (wanted ? check : () => true),
};

/** Up to this many items comparing each with each is faster than finding a text for each. */
const FEW = 8;

const check: SchemaValidateFunction = (items: unknown[]) => {
  if (items.length <= FEW) {
    for (let i = 1; i < items.length; i++) {
      for (let j = 0; j < i; j++) if (equal(items[i], items[j])) return duplicate(i, j);
    }
    return true;
  }
  const seen = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    const key = identity(item);
    const j = seen.get(key);
    if (j !== undefined) return duplicate(i, j);
    seen.set(key, i);
  }
  return true;
};

function duplicate(i: number, j: number): false {
  check.errors = [
    { keyword: 'uniqueItems', message: `must NOT have duplicate items (items ## ${j} and ${i} are identical)`, params: { i, j } },
  ];
  return false;
}

/** A text that two values share exactly when they are equal as JSON. */
function identity(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(identity).join(',')}]`;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${identity(member)}`);
  return `{${members.sort().join(',')}}`;
}
