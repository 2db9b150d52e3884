import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { type Entry, fromRandomAccessReaderPromise, type LocalFileHeader, type ZipFile } from 'yauzl';
import { ancestors, foldName, unsafeName } from '../entry-names.ts';
import type { Problems } from './problems.ts';
import { WindowReader } from './window-reader.ts';
import { readZipEnd, type ZipEnd } from './zip-end.ts';

/** An entry as far as it can be read safely. */
export interface ZipEntry {
  name: string;
  size: number;
  compressedSize: number;
  crc32: number;
  deflated: boolean;
  /** Where its data begins in the file; absent when it cannot be read. */
  dataStart?: number;
}

const ENCRYPTED = 0x0001;
const DESCRIPTOR = 0x0008;
const UTF8 = 0x0800;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** Info-ZIP's second name of an entry: programs differ in whether they heed it. */
const UNICODE_PATH = 0x7075;

/**
 * Reads the entries of a zip and reports everything by which two programs might see different things in it, or unpack it to a place
 * that it does not name: the entries must lie one after the other without gap or overlap, and each must say the same before its data
 * as in the central directory. Undefined when it is no zip.
 */
export async function readEntries(
  file: FileHandle,
  fileSize: number,
  maxEntries: number,
  problems: Problems,
): Promise<ZipEntry[] | undefined> {
  const reader = new WindowReader(file);
  let end: ZipEnd;
  let zip: ZipFile;
  try {
    end = await readZipEnd(file, fileSize);
    if (end.entries > maxEntries) {
      problems.add('ZIP_TOO_MANY_ENTRIES', `has ${end.entries} entries; at most ${maxEntries} are looked at`);
      return undefined;
    }
    zip = await fromRandomAccessReaderPromise(reader, fileSize, { decodeStrings: false, validateEntrySizes: false, autoClose: false });
  } catch (error) {
    problems.add('ZIP_INVALID', `cannot be read as a zip: ${(error as Error).message}`);
    return undefined;
  }
  const found: { entry: Entry; parsed: ZipEntry }[] = [];
  const names = new NameCheck(problems);
  try {
    for await (const entry of zip.eachEntry()) {
      const name = names.check(entry);
      const { uncompressedSize: size, compressedSize, crc32, compressionMethod } = entry;
      found.push({ entry, parsed: { name, size, compressedSize, crc32, deflated: compressionMethod === 8 } });
      checkKind(entry, name, problems);
    }
  } catch (error) {
    problems.add('ZIP_INVALID', `the list of its entries is malformed after ${found.length} entries: ${(error as Error).message}`);
    return undefined;
  }
  names.finish();
  const read = zip.readEntryCursor as unknown as number;
  if (read !== end.start || end.offset + end.size !== end.start) {
    problems.add('ZIP_HIDDEN_DATA', `the list of entries ends at byte ${read}, the records after it begin at byte ${end.start}`);
  }
  await checkLayout(reader, zip, found, end.offset, problems);
  return found.map(({ parsed }) => parsed);
}

/** Names: safe to unpack, read by everybody in the same way, and each there once. */
class NameCheck {
  readonly #problems: Problems;
  readonly #names = new Set<string>();
  readonly #folded = new Map<string, string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  check(entry: Entry): string {
    const raw = entry.fileNameRaw;
    const name = raw.toString(isUtf8(raw) ? 'utf8' : 'latin1');
    const ascii = raw.every((byte) => byte < 0x80);
    // That folders have no place in a bundle is said elsewhere.
    const why = unsafeName(name.replace(/\/$/, ''));
    if (why !== undefined) this.#problems.add('ENTRY_NAME_UNSAFE', `name ${why}`, name);
    else if (!isUtf8(raw) || (!ascii && (entry.generalPurposeBitFlag & UTF8) === 0)) {
      this.#problems.add('ENTRY_NAME_UNSAFE', 'name is not marked as UTF-8, so that programs read it differently', name);
    }
    const folded = foldName(name);
    const same = this.#folded.get(folded);
    if (this.#names.has(name)) this.#problems.add('ENTRY_DUPLICATE', 'is there more than once', name);
    else if (same !== undefined)
      this.#problems.add('ENTRY_NAME_CONFLICT', `is the same name as ${JSON.stringify(same)} on some file systems`, name);
    this.#names.add(name);
    this.#folded.set(folded, name);
    return name;
  }

  /** Once all names are known: none may be a folder of another one. */
  finish(): void {
    for (const [folded, name] of this.#folded) {
      const file = ancestors(folded).find((folder) => this.#folded.has(folder));
      if (file !== undefined)
        this.#problems.add('ENTRY_NAME_CONFLICT', `lies in ${JSON.stringify(this.#folded.get(file))}, which is a file`, name);
    }
  }
}

function checkKind(entry: Entry, name: string, problems: Problems): void {
  const type = (entry.externalFileAttributes >>> 16) & S_IFMT;
  const folder = name.endsWith('/') || (entry.externalFileAttributes & 0x10) !== 0;
  if ((type !== 0 && type !== S_IFREG) || folder)
    problems.add('ENTRY_NOT_A_FILE', 'is a folder, link or device; a bundle holds only files', name);
  if (entry.generalPurposeBitFlag & ENCRYPTED) problems.add('ENTRY_ENCRYPTED', 'is encrypted', name);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    problems.add('ENTRY_UNSUPPORTED', `is compressed with method ${entry.compressionMethod}; a bundle uses deflate (8) or none (0)`, name);
  } else if (entry.compressionMethod === 0 && entry.compressedSize !== entry.uncompressedSize) {
    problems.add('ENTRY_CORRUPT', 'is stored uncompressed but has two sizes', name);
  }
  if (entry.extraFields.some(({ id }) => id === UNICODE_PATH))
    problems.add('ENTRY_NAME_CONFLICT', 'has a second name in an extra field', name);
}

/** Entries from the first byte up to the central directory, one after the other. Gives each its `dataStart`. */
async function checkLayout(
  reader: WindowReader,
  zip: ZipFile,
  found: { entry: Entry; parsed: ZipEntry }[],
  centralStart: number,
  problems: Problems,
) {
  const inOrder = found.toSorted((a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader);
  let expected = 0;
  for (const [index, { entry, parsed }] of inOrder.entries()) {
    const start = entry.relativeOffsetOfLocalHeader;
    if (start < expected) problems.add('ENTRY_OVERLAP', `begins at byte ${start}, within the entry before it`, parsed.name);
    if (start > expected) problems.add('ZIP_HIDDEN_DATA', `${start - expected} bytes before this entry belong to nothing`, parsed.name);
    const next = inOrder[index + 1]?.entry.relativeOffsetOfLocalHeader ?? centralStart;
    try {
      const header = await zip.readLocalFileHeaderPromise(entry);
      compareHeader(entry, header, parsed.name, problems);
      const dataEnd = header.fileDataStart + entry.compressedSize;
      expected = dataEnd + (await descriptorLength(reader, entry, dataEnd, next));
      parsed.dataStart = header.fileDataStart;
    } catch (error) {
      problems.add(
        'ENTRY_HEADER_MISMATCH',
        `cannot be read where the list of entries says it is: ${(error as Error).message}`,
        parsed.name,
      );
      expected = next;
    }
  }
  if (expected < centralStart)
    problems.add('ZIP_HIDDEN_DATA', `${centralStart - expected} bytes before the list of entries belong to nothing`);
  if (expected > centralStart) problems.add('ENTRY_OVERLAP', 'the last entry reaches into the list of entries');
}

function compareHeader(entry: Entry, header: LocalFileHeader, name: string, problems: Problems): void {
  const differs = (what: string) => problems.add('ENTRY_HEADER_MISMATCH', `${what} before its data differs from the list of entries`, name);
  if (!header.fileName.equals(entry.fileNameRaw)) differs('the name');
  if (header.compressionMethod !== entry.compressionMethod) differs('the compression method');
  if (header.generalPurposeBitFlag !== entry.generalPurposeBitFlag) differs('the set of flags');
  // Where they follow the data they are 0 here; in a zip64 entry the sizes may stand in an extra field.
  const unknown = entry.generalPurposeBitFlag & DESCRIPTOR ? [0, 0xffffffff] : [0xffffffff];
  const same = (here: number, there: number) => here === there || unknown.includes(here);
  if (!same(header.crc32, entry.crc32)) differs('the checksum');
  if (!same(header.compressedSize, entry.compressedSize) || !same(header.uncompressedSize, entry.uncompressedSize)) differs('the size');
}

/** Length of the record after the data that repeats checksum and sizes. Throws when there must be one and it is not as it should. */
async function descriptorLength(reader: WindowReader, entry: Entry, dataEnd: number, next: number): Promise<number> {
  if (!(entry.generalPurposeBitFlag & DESCRIPTOR)) return 0;
  const length = next - dataEnd;
  if (![12, 16, 20, 24].includes(length)) throw new Error(`${length} bytes follow its data, where 12, 16, 20 or 24 are expected`);
  const record = await reader.bytes(dataEnd, length);
  const signed = length === 16 || length === 24;
  const at = signed ? 4 : 0;
  const wide = length >= 20;
  const size = (offset: number) => (wide ? Number(record.readBigUInt64LE(offset)) : record.readUInt32LE(offset));
  const ok =
    (!signed || record.readUInt32LE(0) === 0x08074b50) &&
    record.readUInt32LE(at) === entry.crc32 &&
    size(at + 4) === entry.compressedSize &&
    size(at + (wide ? 12 : 8)) === entry.uncompressedSize;
  if (!ok) throw new Error('the record after its data differs from the list of entries');
  return length;
}
