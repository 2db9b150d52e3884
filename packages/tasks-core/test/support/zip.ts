import { constants, crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip made by hand: everything that may be wrong with one can be said. */
export interface HandEntry {
  name: string | Buffer;
  content?: Buffer | string;
  /** Default 8, deflate. */
  method?: number;
  flags?: number;
  /** Unix mode; default a regular file. */
  mode?: number;
  /** What the headers say instead of the truth. */
  crc?: number;
  size?: number;
  /** Compressed bytes instead of those of `content`. */
  data?: Buffer;
  extra?: Buffer;
  /** The local header, where it differs. */
  local?: { name?: string | Buffer; method?: number; flags?: number; crc?: number; size?: number };
  /** Bytes between the entry before and this one. */
  gap?: Buffer;
  /** Offset to give in the central directory instead of the true one. */
  offset?: number;
  /** Leave it out of the central directory. */
  unlisted?: boolean;
}

/** What surrounds the entries. */
export interface HandZip {
  prefix?: Buffer;
  beforeCentral?: Buffer;
  afterCentral?: Buffer;
  suffix?: Buffer;
  comment?: string;
  /** Number of entries to state. */
  count?: number;
  centralOffset?: number;
}

/** Writes a zip exactly as told. */
export function handZip(entries: HandEntry[], zip: HandZip = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  const push = (bytes: Buffer) => {
    parts.push(bytes);
    at += bytes.length;
  };
  push(zip.prefix ?? Buffer.alloc(0));
  for (const entry of entries) {
    push(entry.gap ?? Buffer.alloc(0));
    const content = Buffer.from(entry.content ?? '');
    const method = entry.method ?? 8;
    const data = entry.data ?? (method === 8 ? deflateRawSync(content) : content);
    const name = Buffer.from(entry.name as string);
    const flags = entry.flags ?? (name.every((byte) => byte < 0x80) ? 0 : 0x800);
    const facts = { method, flags, crc: entry.crc ?? crc32(content), size: entry.size ?? content.length };
    const local = { ...facts, ...entry.local };
    const localName = Buffer.from((entry.local?.name ?? name) as string);
    const start = at;
    push(header(0x04034b50, local, data.length, localName.length, 0));
    push(localName);
    push(data);
    if (!entry.unlisted) {
      const extra = entry.extra ?? Buffer.alloc(0);
      const record = header(0x02014b50, facts, data.length, name.length, extra.length);
      record.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
      record.writeUInt32LE(entry.offset ?? start, 42);
      central.push(record, name, extra);
    }
  }
  push(zip.beforeCentral ?? Buffer.alloc(0));
  const offset = zip.centralOffset ?? at;
  const directory = Buffer.concat(central);
  push(directory);
  push(zip.afterCentral ?? Buffer.alloc(0));
  const end = Buffer.alloc(22);
  const count = zip.count ?? entries.filter(({ unlisted }) => !unlisted).length;
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(Buffer.byteLength(zip.comment ?? ''), 20);
  push(end);
  push(Buffer.from(zip.comment ?? ''));
  push(zip.suffix ?? Buffer.alloc(0));
  return Buffer.concat(parts);
}

interface Facts {
  method: number;
  flags: number;
  crc: number;
  size: number;
}

function header(signature: number, { method, flags, crc, size }: Facts, compressed: number, name: number, extra: number): Buffer {
  const central = signature === 0x02014b50;
  const bytes = Buffer.alloc(central ? 46 : 30);
  const at = central ? 6 : 4;
  bytes.writeUInt32LE(signature, 0);
  if (central) bytes.writeUInt16LE((3 << 8) | 20, 4);
  bytes.writeUInt16LE(20, at);
  bytes.writeUInt16LE(flags, at + 2);
  bytes.writeUInt16LE(method, at + 4);
  bytes.writeUInt32LE(0x00210000, at + 6);
  bytes.writeUInt32LE(crc, at + 10);
  bytes.writeUInt32LE(compressed, at + 14);
  bytes.writeUInt32LE(size, at + 18);
  bytes.writeUInt16LE(name, at + 22);
  bytes.writeUInt16LE(extra, at + 24);
  return bytes;
}

/** A deflate stream that expands to `size` zeros: about a thousandth of it. */
export function zeros(size: number): Buffer {
  return deflateRawSync(Buffer.alloc(size), { level: constants.Z_BEST_COMPRESSION });
}
