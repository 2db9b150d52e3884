import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator';
import { Failure } from '../errors.ts';
import { isMapping, keysOf, valueAt } from '../evaluate/maps.ts';
import { roomForText, spend } from '../evaluate/meter.ts';
import { durationText, timestampText } from '../evaluate/text.ts';
import { kindOf, lift } from '../evaluate/values.ts';
import { withArticle } from '../types/type.ts';

/** Digits after the point that JavaScript can write. */
const MOST_DIGITS = 100;

/** `"%s has %d rows".format([name, n])` of CEL's strings extension: `%s %d %f %e %b %o %x %X %%`, and `%.2f`. */
export function format(template: string, values: readonly unknown[]): string {
  let at = 0;
  let length = 0;
  return template.replace(
    /%(%|(?:\.(\d+))?([a-zA-Z]))?/g,
    (clause, escaped: string | undefined, digits: string | undefined, verb: string | undefined) => {
      if (escaped === '%') return '%';
      if (verb === undefined) throw new Failure('expression-value', 'format: a `%` on its own is written `%%`');
      if (at >= values.length) {
        throw new Failure(
          'expression-value',
          `format: \`${clause}\` has no value, there ${values.length === 1 ? 'is 1' : `are ${values.length}`}`,
        );
      }
      const precision = digits === undefined ? 6 : Number(digits);
      if (precision > MOST_DIGITS) throw new Failure('expression-value', `format: \`${clause}\` asks for more than ${MOST_DIGITS} digits`);
      const text = formatted(verb, lift(values[at++], values), precision);
      length += text.length;
      roomForText(length);
      return text;
    },
  );
}

function formatted(verb: string, value: unknown, precision: number): string {
  const text = verb === 's' ? plain(value) : (special(verb, value) ?? CLAUSES[verb]?.(value, precision));
  if (text !== undefined) return text;
  if (verb !== 's' && !Object.hasOwn(CLAUSES, verb)) throw new Failure('expression-value', `format: there is no \`%${verb}\``);
  throw new Failure('expression-value', `format: \`%${verb}\` does not take ${withArticle(kindOf(value))}`);
}

const CLAUSES: { [verb: string]: (value: unknown, precision: number) => string | undefined } = {
  d: (value) => integer(value)?.toString(),
  f: (value, precision) => decimal(value, precision, fixed),
  e: (value, precision) => decimal(value, precision, scientific),
  b: (value) => (typeof value === 'boolean' ? String(Number(value)) : integer(value)?.toString(2)),
  o: (value) => integer(value)?.toString(8),
  x: hexadecimal,
  X: (value) => hexadecimal(value)?.toUpperCase(),
};

/** A number of JSON that is whole is an int, and can be written as a double all the same. */
function decimal(value: unknown, precision: number, write: (value: number, precision: number) => string): string | undefined {
  const number = integer(value) ?? value;
  return typeof number === 'number' || typeof number === 'bigint' ? write(Number(number), precision) : undefined;
}

/** What is no number has a name in all clauses for numbers. */
function special(verb: string, value: unknown): string | undefined {
  return typeof value === 'number' && !Number.isFinite(value) && 'dfe'.includes(verb) ? String(value) : undefined;
}

function integer(value: unknown): bigint | undefined {
  if (value instanceof UnsignedInt) return value.value;
  return typeof value === 'bigint' ? value : undefined;
}

function plain(value: unknown): string | undefined {
  spend(1);
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
  }
  if (value === null) return 'null';
  if (value instanceof Date) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof UnsignedInt) return value.value.toString();
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (Array.isArray(value)) return `[${value.map(within).join(', ')}]`;
  if (isMapping(value)) {
    const entries = keysOf(value).map((key) => [String(key), within(valueAt(value, key))] as const);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, text]) => `${key}: ${text}`).join(', ')}}`;
  }
  return kindOf(value) === 'type' ? (value as { name: string }).name : undefined;
}

function within(value: unknown): string {
  const text = plain(value);
  if (text === undefined) throw new Failure('expression-value', `format: \`%s\` does not take ${withArticle(kindOf(value))}`);
  return text;
}

/** With `precision` digits after the point; what is exactly in the middle goes to the even digit. */
function fixed(value: number, precision: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
  const rounded = value.toFixed(precision);
  const exact = value.toFixed(Math.min(MOST_DIGITS, precision + 30));
  const point = exact.indexOf('.') + 1;
  if (!/^50*$/.test(exact.slice(point + precision))) return rounded;
  const cut = exact.slice(0, point + precision).replace(/\.$/, '');
  return '02468'.includes(cut.at(-1) as string) ? cut : rounded;
}

function scientific(value: number, precision: number): string {
  return value.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
}

function hexadecimal(value: unknown): string | undefined {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return integer(value)?.toString(16);
  roomForText(bytes.length * 2);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
