/** A value that is known before evaluation. */
export type KnownValue = string | number | boolean;

export type ScalarKind =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  /** A number of JSON: an int or a double, which one its value decides. */
  | 'number'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'type';

/**
 * The type of an expression: CEL's types, and what JSON Schema knows beyond them (objects with named fields, unions,
 * the values that an enumeration has). Objects are maps in all that CEL does with maps.
 */
export type ExprType =
  /** Anything; nothing is known before evaluation. */
  | { readonly kind: 'dyn' }
  | ScalarType
  | { readonly kind: 'list'; readonly element: ExprType }
  | { readonly kind: 'map'; readonly key: ExprType; readonly value: ExprType }
  | ObjectType
  /** One of several; none at all is what an empty list holds. */
  | { readonly kind: 'union'; readonly members: readonly ExprType[] }
  /** What `a.?b` yields: a value or nothing. */
  | { readonly kind: 'optional'; readonly value: ExprType }
  /** A prefix of functions, as `strings` in `strings.quote(x)`. */
  | { readonly kind: 'namespace'; readonly name: string };

export interface ScalarType {
  readonly kind: ScalarKind;
  /** All values it can have, when they are known. */
  readonly values?: readonly KnownValue[];
}

export interface ObjectType {
  readonly kind: 'object';
  readonly fields: ReadonlyMap<string, Field>;
  /** What fields that are not declared hold; absent: there are none. */
  readonly rest?: ExprType | undefined;
}

export interface Field {
  readonly type: ExprType;
  /** Whether it is always there. */
  readonly required: boolean;
}

export const DYN: ExprType = { kind: 'dyn' };
/** What a mistake leaves behind: anything, and nothing more to be said about it. */
export const FAULT: ExprType = { kind: 'dyn' };
export const NEVER: ExprType = { kind: 'union', members: [] };
export const NULL: ExprType = { kind: 'null' };
export const BOOL: ExprType = { kind: 'bool' };
export const INT: ExprType = { kind: 'int' };
export const DOUBLE: ExprType = { kind: 'double' };
export const NUMBER: ExprType = { kind: 'number' };
export const STRING: ExprType = { kind: 'string' };
export const LIST: ExprType = { kind: 'list', element: DYN };
export const MAP: ExprType = { kind: 'map', key: STRING, value: DYN };

/** More values or members than this are not kept apart. */
const MOST_VALUES = 64;
const MOST_MEMBERS = 8;

export function isScalar(type: ExprType): type is ScalarType {
  switch (type.kind) {
    case 'dyn':
    case 'list':
    case 'map':
    case 'object':
    case 'union':
    case 'optional':
    case 'namespace':
      return false;
    default:
      return true;
  }
}

/** What a type can be: the members of a union, or the type itself. */
export function alternatives(type: ExprType): readonly ExprType[] {
  return type.kind === 'union' ? type.members : [type];
}

/** Whether there is no value of a type: what has it is never evaluated. */
export function isNever(type: ExprType): boolean {
  return alternatives(type).length === 0;
}

/** A list whose element is looked at when it is asked for: a schema may refer to itself. */
export function listOf(element: () => ExprType): ExprType {
  let known: ExprType | undefined;
  return {
    kind: 'list',
    get element() {
      known ??= element();
      return known;
    },
  };
}

/** The type of something that is one or the other. */
export function join(a: ExprType, b: ExprType): ExprType {
  if (a === b) return a;
  if (a.kind === 'dyn' || b.kind === 'dyn') return DYN;
  const members: ExprType[] = [...alternatives(a)];
  for (const type of alternatives(b)) {
    const at = members.findIndex((member) => merged(member, type) !== undefined);
    if (at === -1) members.push(type);
    else members[at] = merged(members[at] as ExprType, type) as ExprType;
  }
  if (members.length === 1) return members[0] as ExprType;
  return members.length > MOST_MEMBERS ? DYN : { kind: 'union', members };
}

export function joinAll(types: Iterable<ExprType>): ExprType {
  let joined = NEVER;
  for (const type of types) joined = join(joined, type);
  return joined;
}

/** One type for both, if there is one that loses nothing that matters. */
function merged(a: ExprType, b: ExprType): ExprType | undefined {
  if (a === b) return a;
  if (isScalar(a) && isScalar(b)) {
    if (a.kind !== b.kind) return isJsonNumber(a) && isJsonNumber(b) ? NUMBER : undefined;
    if (!a.values || !b.values) return { kind: a.kind };
    const values = [...new Set([...a.values, ...b.values])];
    return values.length > MOST_VALUES ? { kind: a.kind } : { kind: a.kind, values };
  }
  if (a.kind === 'list' && b.kind === 'list') return listOf(() => join(a.element, b.element));
  if (a.kind === 'map' && b.kind === 'map') return { kind: 'map', key: join(a.key, b.key), value: join(a.value, b.value) };
  if (a.kind === 'optional' && b.kind === 'optional') return { kind: 'optional', value: join(a.value, b.value) };
  return undefined;
}

/** An int, a double, or a number that is one of them. */
export function isJsonNumber(type: ExprType): boolean {
  return type.kind === 'int' || type.kind === 'double' || type.kind === 'number';
}

/** A type within a sentence: `a string`, `an object`, `null`. */
export function describeType(type: ExprType): string {
  return withArticle(typeName(type));
}

/** The name of a type as a noun. */
export function withArticle(name: string): string {
  if (/^(any |nothing|null|the )/.test(name)) return name;
  return `${/^[aeio]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** A type as messages name it. */
export function typeName(type: ExprType, depth = 3): string {
  switch (type.kind) {
    case 'dyn':
      return 'any value';
    case 'list':
      return type.element.kind === 'dyn' || depth === 0 ? 'list' : `list<${typeName(type.element, depth - 1)}>`;
    case 'map':
      return depth === 0 ? 'map' : `map<${typeName(type.key, depth - 1)}, ${typeName(type.value, depth - 1)}>`;
    case 'union':
      return type.members.length === 0 ? 'nothing' : type.members.map((member) => typeName(member, depth)).join(' or ');
    case 'optional':
      return depth === 0 ? 'optional' : `optional<${typeName(type.value, depth - 1)}>`;
    case 'object':
      return 'object';
    case 'namespace':
      return `the functions of \`${type.name}\``;
    default:
      return type.kind;
  }
}
