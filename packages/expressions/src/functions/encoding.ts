import type { Environment } from '@marcbachmann/cel-js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { Failure } from '../errors.ts';
import { roomForText, spendText } from '../evaluate/meter.ts';
import { toJsonValue } from '../evaluate/results.ts';
import { base64 } from '../evaluate/text.ts';
import { liftScalar } from '../evaluate/values.ts';

/** Only a type, so that `base64.encode(x)` reads as CEL's extension has it. */
class Base64Namespace {}

/** CEL's encoders extension, and `fromJson(string)`, `toJson(dyn)`, `sha256(string | bytes)`: hexadecimal, lower case, of the UTF-8 text. */
export function registerEncodings(env: Environment): void {
  const sync = { async: false };
  env.registerType('Base64Namespace', Base64Namespace);
  env.registerConstant('base64', 'Base64Namespace', new Base64Namespace());
  env.registerFunction('Base64Namespace.encode(bytes): string', (_: unknown, bytes: Uint8Array) => encode(bytes), sync);
  env.registerFunction('Base64Namespace.decode(string): bytes', (_: unknown, text: string) => decode(text), sync);
  env.registerFunction('fromJson(string): dyn', fromJson, { async: false });
  env.registerFunction('toJson(dyn): string', toJson, { async: false });
  env.registerFunction('sha256(string): string', (text: string) => hash(utf8ToBytes(text)), { async: false });
  env.registerFunction('sha256(bytes): string', (bytes: Uint8Array) => hash(bytes), { async: false });
}

function encode(bytes: Uint8Array): string {
  roomForText(bytes.length * 2);
  return base64(bytes);
}

/** With or without its padding. */
function decode(text: string): Uint8Array {
  spendText(text.length);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
    throw new Failure('expression-value', 'base64.decode: the text is not base64');
  return Uint8Array.from(atob(text.replace(/=+$/, '')), (char) => char.charCodeAt(0));
}

function fromJson(text: string): unknown {
  spendText(text.length * 4);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure('expression-value', `fromJson: the text is not JSON: ${(error as Error).message}`);
  }
  return liftScalar(value);
}

function toJson(value: unknown): string {
  const text = JSON.stringify(toJsonValue(value, true));
  roomForText(text.length * 2);
  return text;
}

function hash(bytes: Uint8Array): string {
  // Hashing costs some ten times what reading does.
  spendText(bytes.length * 10);
  return bytesToHex(sha256(bytes));
}
