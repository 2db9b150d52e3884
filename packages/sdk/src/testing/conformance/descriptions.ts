/** Keywords whose schema is about another value than the one at hand. */
const INNER = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'patternProperties',
  '$defs',
];
/** Keywords whose schemas say more about the same value: a property described beside them need not be described again. */
const SAME = ['anyOf', 'oneOf', 'allOf', 'then', 'else', 'dependentSchemas'];
/** Of the above, those that hold schemas by name. */
const NAMED = new Set(['patternProperties', '$defs', 'dependentSchemas']);

/** JSON Pointers of the properties that `schema` declares without describing them. */
export function undescribed(schema: unknown): string[] {
  const visit = (node: unknown, at: string, known: ReadonlySet<string>): string[] => {
    if (Array.isArray(node)) return node.flatMap((entry, index) => visit(entry, `${at}/${index}`, known));
    if (!isObject(node)) return [];
    const properties = Object.entries(isObject(node.properties) ? node.properties : {});
    const described = new Set([...known, ...properties.filter(([, property]) => isDescribed(schema, property)).map(([name]) => name)]);
    const missing = properties.filter(([name]) => !described.has(name)).map(([name]) => `${at}/properties/${pointer(name)}`);
    const below = properties.flatMap(([name, property]) => visit(property, `${at}/properties/${pointer(name)}`, new Set()));
    const each = (keyword: string, inherited: ReadonlySet<string>): string[] => {
      const value = node[keyword];
      if (!NAMED.has(keyword) || !isObject(value)) return visit(value, `${at}/${keyword}`, inherited);
      return Object.entries(value).flatMap(([name, entry]) => visit(entry, `${at}/${keyword}/${pointer(name)}`, inherited));
    };
    return [
      ...missing,
      ...below,
      ...INNER.flatMap((keyword) => each(keyword, new Set())),
      ...SAME.flatMap((keyword) => each(keyword, described)),
    ];
  };
  return visit(schema, '', new Set());
}

function isDescribed(root: unknown, property: unknown): boolean {
  if (!isObject(property)) return false;
  if (typeof property.description === 'string') return property.description.trim() !== '';
  const target = typeof property.$ref === 'string' ? resolve(root, property.$ref) : undefined;
  return isObject(target) && typeof target.description === 'string' && target.description.trim() !== '';
}

function resolve(root: unknown, ref: string): unknown {
  if (!ref.startsWith('#/')) return undefined;
  return ref
    .slice(2)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((node, token) => (isObject(node) && Object.hasOwn(node, token) ? node[token] : undefined), root);
}

function pointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
