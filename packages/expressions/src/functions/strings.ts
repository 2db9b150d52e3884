import type { Environment } from '@marcbachmann/cel-js';
import { Failure } from '../errors.ts';
import { roomForText, spendText } from '../evaluate/meter.ts';
import { format } from './format.ts';

/** Only a type, so that `strings.quote(x)` reads as CEL's extension has it. */
class StringsNamespace {}

/** CEL's strings extension, as far as cel-js lacks it; what it has but counts in UTF-16 units is replaced, see `methods.ts`. */
export function registerStrings(env: Environment): void {
  const sync = { async: false };
  env.registerFunction('string.charAt(int): string', charAt, sync);
  env.registerFunction('string.reverse(): string', reverse, sync);
  env.registerFunction('string.format(list): string', format, sync);
  env.registerFunction('string.replace(string, string): string', replace, sync);
  env.registerFunction('string.replace(string, string, int): string', replace, sync);
  env.registerType('StringsNamespace', StringsNamespace);
  env.registerConstant('strings', 'StringsNamespace', new StringsNamespace());
  env.registerFunction('StringsNamespace.quote(string): string', (_: unknown, text: string) => quote(text), sync);
}

/** CEL counts characters (code points), JavaScript counts UTF-16 units. */
function hasPairs(text: string): boolean {
  return /[\ud800-\udbff]/.test(text);
}

function characters(text: string): string[] {
  // A string per character: far more work than reading the text.
  spendText(text.length * 16);
  return hasPairs(text) ? Array.from(text) : text.split('');
}

/** The UTF-16 offset of a character, which may be the one past the end. */
function unitOffset(text: string, index: bigint, method: string): number {
  const length = hasPairs(text) ? characters(text).length : text.length;
  if (index < 0n || index > BigInt(length)) {
    throw new Failure('expression-value', `${method}: index ${index} is out of range, the text has ${length} characters`);
  }
  const at = Number(index);
  return hasPairs(text) ? Array.from(text).slice(0, at).join('').length : at;
}

/** The index of the character at a UTF-16 offset. */
function characterIndex(text: string, offset: number): bigint {
  return BigInt(offset <= 0 || !hasPairs(text) ? offset : Array.from(text.slice(0, offset)).length);
}

export function charAt(text: string, index: bigint): string {
  const at = unitOffset(text, index, 'charAt');
  return at === text.length ? '' : String.fromCodePoint(text.codePointAt(at) as number);
}

export function substring(text: string, start: bigint, end?: bigint): string {
  const from = unitOffset(text, start, 'substring');
  const to = end === undefined ? text.length : unitOffset(text, end, 'substring');
  if (to < from) throw new Failure('expression-value', `substring: the end ${end} is before the start ${start}`);
  return text.slice(from, to);
}

export function indexOf(text: string, searched: string, from?: bigint): bigint {
  spendText(text.length * 4);
  if (from === undefined) return characterIndex(text, text.indexOf(searched));
  if (from < 0n) throw new Failure('expression-value', `indexOf: index ${from} is out of range`);
  return characterIndex(text, text.indexOf(searched, unitOffset(text, from, 'indexOf')));
}

export function lastIndexOf(text: string, searched: string, from?: bigint): bigint {
  spendText(text.length * 4);
  if (from === undefined) return characterIndex(text, text.lastIndexOf(searched));
  if (from < 0n) throw new Failure('expression-value', `lastIndexOf: index ${from} is out of range`);
  return characterIndex(text, text.lastIndexOf(searched, unitOffset(text, from, 'lastIndexOf')));
}

export function lowerAscii(text: string): string {
  spendText(text.length * 2);
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export function upperAscii(text: string): string {
  spendText(text.length * 2);
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Without white space at both ends, which is what Unicode calls so: not what JavaScript does. */
export function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text[start])) start++;
  while (end > start && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && /\p{White_Space}/u.test(char);
}

export function reverse(text: string): string {
  return characters(text).reverse().join('');
}

export function split(text: string, separator: string, limit = -1n): string[] {
  const parts = separator === '' ? characters(text) : text.split(separator);
  const most = Number(limit);
  if (most < 0 || parts.length <= most) return parts;
  if (most === 0) return [];
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

export function join(list: readonly unknown[], separator = ''): string {
  let length = 0;
  for (const part of list) {
    if (typeof part !== 'string')
      throw new Failure('expression-type', 'join takes a list of strings; make them so with .map(x, string(x))');
    length += part.length + separator.length;
  }
  roomForText(length);
  return list.join(separator);
}

export function replace(text: string, searched: string, replacement: string, limit = -1n): string {
  const parts = searched === '' ? ['', ...characters(text), ''] : text.split(searched);
  const found = parts.length - 1;
  const replaced = limit < 0n || limit > BigInt(found) ? found : Number(limit);
  roomForText(text.length + replaced * replacement.length);
  return (
    parts.slice(0, replaced + 1).join(replacement) +
    parts
      .slice(replaced + 1)
      .map((part) => searched + part)
      .join('')
  );
}

const ESCAPES: { [char: string]: string } = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

export function quote(text: string): string {
  roomForText(text.length * 2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that CEL escapes
  return `"${text.toWellFormed().replace(/[\x07\b\f\n\r\t\v\\"]/g, (char) => ESCAPES[char] as string)}"`;
}
