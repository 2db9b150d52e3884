import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { isMapping, keysOf, valueAt } from '../evaluate/maps.ts';
import { durationText, timestampText } from '../evaluate/text.ts';
import { kindOf, mark, newMap } from '../evaluate/values.ts';
import { DOUBLE, DYN, type ExprType, INT, NULL, STRING } from '../types/type.ts';

/** A value as the conformance data writes it: `cel.expr.Value` as JSON. */
export type ProtoValue = { [kind: string]: unknown };

/** What CEL on JSON does not have. */
export class Unsupported extends Error {}

/** A value of the conformance data as we evaluate with it. Throws {@link Unsupported}. */
export function celValue(value: ProtoValue): unknown {
  const [kind, content] = Object.entries(value)[0] ?? ['nullValue', null];
  switch (kind) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return content;
    case 'int64Value':
      return BigInt(content as string);
    case 'uint64Value':
      return new UnsignedInt(BigInt(content as string));
    case 'doubleValue':
      return Number(content);
    case 'bytesValue':
      return Uint8Array.from(atob(content as string), (char) => char.charCodeAt(0));
    case 'listValue':
      return mark(((content as { values?: ProtoValue[] }).values ?? []).map(celValue));
    case 'mapValue':
      return celMap((content as { entries?: { key: ProtoValue; value: ProtoValue }[] }).entries ?? []);
    case 'objectValue':
      return wellKnown(content as { '@type': string; value?: unknown });
    default:
      throw new Unsupported(kind);
  }
}

function celMap(entries: readonly { key: ProtoValue; value: ProtoValue }[]): unknown {
  const pairs = entries.map(({ key, value }) => [celValue(key), celValue(value)] as const);
  if (!pairs.every(([key]) => typeof key === 'string'))
    return mark(new Map(pairs.map(([key, value]) => [key instanceof UnsignedInt ? key.value : key, value])));
  const map = newMap();
  for (const [key, value] of pairs) map[key as string] = value;
  return map;
}

function wellKnown(message: { '@type': string; value?: unknown }): unknown {
  const name = message['@type'].replace(/^.*\//, '');
  if (name === 'google.protobuf.Timestamp') return new Date(message.value as string);
  if (name !== 'google.protobuf.Duration') throw new Unsupported(name);
  const [, sign, seconds = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?s$/.exec(message.value as string) ?? [];
  const nanos = Number(fraction.padEnd(9, '0'));
  return sign === '-' ? new Duration(-BigInt(seconds), -nanos) : new Duration(BigInt(seconds), nanos);
}

/** A value as text that tells ints, uints and doubles apart, and is the same for equal values. */
export function shownValue(value: unknown): string {
  switch (kindOf(value)) {
    case 'int':
      return `${value}`;
    case 'uint':
      return `${(value as UnsignedInt).value}u`;
    case 'double':
      return Object.is(value, -0) ? '-0.0' : `double ${value}`;
    case 'bytes':
      return `bytes ${[...(value as Uint8Array)]}`;
    case 'timestamp':
      return timestampText(value as Date);
    case 'duration':
      return durationText(value as Duration);
    case 'list':
      return `[${(value as unknown[]).map(shownValue).join(', ')}]`;
    case 'type':
      return `type ${(value as { name?: string }).name?.replace(/<.*/, '')}`;
  }
  if (!isMapping(value)) return JSON.stringify(value) ?? String(value);
  const entries = keysOf(value).map((key) => `${shownValue(key)}: ${shownValue(valueAt(value, key))}`);
  return `{${entries.sort().join(', ')}}`;
}

/** A declared type of the conformance data. Throws {@link Unsupported}. */
export function declaredType(type: { [kind: string]: unknown }): ExprType {
  const [kind, content] = Object.entries(type)[0] ?? ['dyn', {}];
  switch (kind) {
    case 'primitive':
      return PRIMITIVES[content as string] ?? DYN;
    case 'dyn':
      return DYN;
    case 'null':
      return NULL;
    case 'listType':
      return { kind: 'list', element: declaredType((content as { elemType?: object }).elemType as never) };
    case 'mapType': {
      const { keyType, valueType } = content as { keyType: never; valueType: never };
      return { kind: 'map', key: declaredType(keyType), value: declaredType(valueType) };
    }
    case 'wellKnown':
      if (content === 'TIMESTAMP') return { kind: 'timestamp' };
      if (content === 'DURATION') return { kind: 'duration' };
      return DYN;
    case 'type':
      return { kind: 'type' };
    default:
      throw new Unsupported(kind);
  }
}

const PRIMITIVES: { [name: string]: ExprType } = {
  BOOL: { kind: 'bool' },
  INT64: INT,
  UINT64: { kind: 'uint' },
  DOUBLE,
  STRING,
  BYTES: { kind: 'bytes' },
};
