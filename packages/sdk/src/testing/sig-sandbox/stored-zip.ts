import { crc32 } from 'node:zlib';

/** 1980-01-01, the first day a zip can name. */
const DATE = 0x21;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x800;

/** A zip of a few files, not compressed. The same files make the same bytes. */
export function storedZip(files: readonly { entry: string; bytes: Uint8Array }[]): Buffer {
  const content: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { entry, bytes } of files) {
    const name = Buffer.from(entry);
    const facts = factsOf(name, bytes);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), facts, name, bytes]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, VERSION, 0]), facts, tail, name]));
    content.push(local);
    offset += local.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32BE(0x504b0506, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...content, ...directory, end]);
}

/** What is said of a file beside it and in the directory alike. */
function factsOf(name: Buffer, bytes: Uint8Array): Buffer {
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(VERSION, 0);
  facts.writeUInt16LE(FLAGS, 2);
  facts.writeUInt16LE(DATE, 8);
  facts.writeUInt32LE(crc32(bytes), 10);
  facts.writeUInt32LE(bytes.length, 14);
  facts.writeUInt32LE(bytes.length, 18);
  facts.writeUInt16LE(name.length, 22);
  return facts;
}
