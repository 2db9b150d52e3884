import type { FileHandle } from 'node:fs/promises';
import { readExactly } from './range.ts';

/** What the end of a zip says about the rest of it. */
export interface ZipEnd {
  entries: number;
  /** The central directory. */
  offset: number;
  size: number;
  /** Where the records that end the zip begin; the central directory must reach up to here. */
  start: number;
}

const EOCD = 22;
const EOCD_SIGNATURE = 0x06054b50;
const ZIP64_LOCATOR = 20;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_EOCD = 56;
const ZIP64_EOCD_SIGNATURE = 0x06064b50;

/**
 * Reads the end of a zip strictly: the records must be the very last bytes of the file, follow each other without a gap and agree,
 * so that there is only one way to read the zip. Throws an `Error` that says what is wrong.
 */
export async function readZipEnd(file: FileHandle, fileSize: number): Promise<ZipEnd> {
  if (fileSize < EOCD) throw new Error(`it has only ${fileSize} bytes`);
  const at = fileSize - EOCD;
  const end = await readExactly(file, at, EOCD);
  if (end.readUInt32LE(0) !== EOCD_SIGNATURE || end.readUInt16LE(20) !== 0) {
    throw new Error('its last bytes are not the end of a zip: it is no zip, was cut off, or something was added to it');
  }
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) throw new Error('it is one part of several');
  if (end.readUInt16LE(8) !== end.readUInt16LE(10)) throw new Error('its end contradicts itself about the number of entries');
  const plain = { entries: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  const zip64 = at >= ZIP64_LOCATOR + ZIP64_EOCD ? await readZip64(file, at - ZIP64_LOCATOR) : undefined;
  if (zip64 === undefined) return { ...plain, start: at };
  const agree =
    [0xffff, zip64.entries].includes(plain.entries) &&
    [0xffffffff, zip64.size].includes(plain.size) &&
    [0xffffffff, zip64.offset].includes(plain.offset);
  if (!agree) throw new Error('its two ends (zip and zip64) contradict each other');
  return zip64;
}

async function readZip64(file: FileHandle, at: number): Promise<ZipEnd | undefined> {
  const locator = await readExactly(file, at, ZIP64_LOCATOR);
  if (locator.readUInt32LE(0) !== ZIP64_LOCATOR_SIGNATURE) return undefined;
  const start = at - ZIP64_EOCD;
  if (locator.readBigUInt64LE(8) !== BigInt(start)) throw new Error('its zip64 end is not where it says');
  const end = await readExactly(file, start, ZIP64_EOCD);
  if (end.readUInt32LE(0) !== ZIP64_EOCD_SIGNATURE || end.readBigUInt64LE(4) !== BigInt(ZIP64_EOCD - 12))
    throw new Error('its zip64 end is malformed');
  if (end.readUInt32LE(16) !== 0 || end.readUInt32LE(20) !== 0) throw new Error('it is one part of several');
  if (end.readBigUInt64LE(24) !== end.readBigUInt64LE(32)) throw new Error('its zip64 end contradicts itself about the number of entries');
  return {
    entries: Number(end.readBigUInt64LE(32)),
    size: Number(end.readBigUInt64LE(40)),
    offset: Number(end.readBigUInt64LE(48)),
    start,
  };
}
