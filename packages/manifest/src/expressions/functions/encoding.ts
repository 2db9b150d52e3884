import type { Environment } from '@marcbachmann/cel-js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { Failure } from '../errors.ts';
import { roomForText, spendText } from '../evaluate/meter.ts';
import { toJsonValue } from '../evaluate/results.ts';
import { liftScalar } from '../evaluate/values.ts';

/** `fromJson(string)`, `toJson(dyn)`, `sha256(string | bytes)`: hexadecimal, lower case, of the UTF-8 text. */
export function registerEncodings(env: Environment): void {
  env.registerFunction('fromJson(string): dyn', fromJson, { async: false });
  env.registerFunction('toJson(dyn): string', toJson, { async: false });
  env.registerFunction('sha256(string): string', (text: string) => hash(utf8ToBytes(text)), { async: false });
  env.registerFunction('sha256(bytes): string', (bytes: Uint8Array) => hash(bytes), { async: false });
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
