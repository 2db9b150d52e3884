import { alternatives, DOUBLE, type ExprType, type Field, INT, isScalar, type KnownValue, NULL } from '../types/type.ts';

/** What is left of a type where something is known of its value. */
export type Narrowing = (type: ExprType) => ExprType;

function keep(type: ExprType, wanted: (member: ExprType) => ExprType | undefined): ExprType {
  const members = alternatives(type);
  const kept = members.map(wanted).filter((member) => member !== undefined);
  if (kept.length === members.length && kept.every((member, i) => member === members[i])) return type;
  return kept.length === 1 && kept[0] ? kept[0] : { kind: 'union', members: kept };
}

export const notNull: Narrowing = (type) => keep(type, (member) => (member.kind === 'null' ? undefined : member));

export const isNull: Narrowing = (type) => keep(type, (member) => (member.kind === 'null' || member.kind === 'dyn' ? NULL : undefined));

/** Something with this field; `orList`: or a list that has it for an element. */
export function hasField(name: string, orList = false): Narrowing {
  return (type) =>
    keep(type, (member) => {
      if (member.kind === 'object') return member.fields.has(name) || member.rest !== undefined ? member : undefined;
      if (member.kind === 'list') return orList ? member : undefined;
      return member.kind === 'map' || member.kind === 'dyn' || member.kind === 'optional' ? member : undefined;
    });
}

/** One of these texts or booleans. */
export function hasValue(values: readonly (string | boolean)[]): Narrowing {
  return (type) =>
    keep(type, (member) => {
      if (member.kind === 'dyn') return member;
      const possible = values.filter((value) => member.kind === (typeof value === 'string' ? 'string' : 'bool') && canBe(member, value));
      return possible.length === 0 || !isScalar(member) ? undefined : { kind: member.kind, values: possible };
    });
}

/** Anything but this value. */
export function lacksValue(value: KnownValue): Narrowing {
  return (type) =>
    keep(type, (member) => {
      if (!isScalar(member) || !member.values?.includes(value)) return member;
      const values = member.values.filter((each) => each !== value);
      return values.length === 0 ? undefined : { kind: member.kind, values };
    });
}

function canBe(type: ExprType, value: KnownValue): boolean {
  return isScalar(type) && (!type.values || type.values.includes(value));
}

/** CEL's names of types, by those of ours that are of it. A number of JSON is an int or a double. */
function kindsOf(name: string): readonly ExprType['kind'][] {
  if (name === 'map') return ['map', 'object'];
  if (name === 'null_type') return ['null'];
  return [name as ExprType['kind']];
}

/** `type(x) == name` */
export function ofKind(name: string): Narrowing {
  const kinds = kindsOf(name);
  return (type) =>
    keep(type, (member) => {
      if (member.kind === 'number') return name === 'int' ? INT : name === 'double' ? DOUBLE : undefined;
      return member.kind === 'dyn' || kinds.includes(member.kind) ? member : undefined;
    });
}

/** `type(x) != name` */
export function withoutKind(name: string): Narrowing {
  const kinds = kindsOf(name);
  return (type) =>
    keep(type, (member) => {
      if (member.kind === 'number') return name === 'int' ? DOUBLE : name === 'double' ? INT : member;
      return kinds.includes(member.kind) ? undefined : member;
    });
}

/** A type of which something is known about a field within: that it is there, or what is left of it. */
export function refine(type: ExprType, steps: readonly string[], present: boolean, narrow: Narrowing | undefined): ExprType {
  const [name, ...rest] = steps;
  if (name === undefined) return narrow ? narrow(type) : type;
  return keep(type, (member) => {
    const field = member.kind === 'object' ? member.fields.get(name) : undefined;
    if (member.kind !== 'object' || !field) return member;
    const refined: Field = { type: refine(field.type, rest, present, narrow), required: field.required || (present && rest.length === 0) };
    return { kind: 'object', fields: new Map(member.fields).set(name, refined), rest: member.rest };
  });
}
