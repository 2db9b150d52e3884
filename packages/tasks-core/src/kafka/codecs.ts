import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { TaskError } from '@summit/maestro-sdk';
import kafkajs, { type CompressionTypes } from 'kafkajs';
import type { Compression } from './config.ts';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

/** How each codec that kafkajs does not bring is had; snappy and lz4 come from packages that the user installs. */
const LOADERS: Partial<Record<Compression, () => Promise<Codec>>> = {
  async zstd() {
    const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];
    return { compress: ({ buffer }) => compress(buffer), decompress };
  },
  async snappy() {
    const { compress, uncompress } = await installed('snappy', () => import('snappy'));
    return {
      compress: async ({ buffer }) => framed(await compress(buffer)),
      decompress: async (buffer) =>
        Buffer.concat(await Promise.all(blocks(buffer).map(async (block) => Buffer.from(await uncompress(block))))),
    };
  },
  async lz4() {
    const { compressFrame, decompressFrame } = await installed('lz4', () => import('lz4-napi'), 'lz4-napi');
    return { compress: ({ buffer }) => compressFrame(buffer), decompress: decompressFrame };
  },
};

const TYPES: Record<Compression, CompressionTypes> = {
  none: kafkajs.CompressionTypes.None,
  gzip: kafkajs.CompressionTypes.GZIP,
  snappy: kafkajs.CompressionTypes.Snappy,
  lz4: kafkajs.CompressionTypes.LZ4,
  zstd: kafkajs.CompressionTypes.ZSTD,
};

/** What kafkajs calls a compression, ready for use. Throws `KAFKA_CODEC_MISSING` naming the package that has to be installed. */
export async function codecOf(compression: Compression): Promise<CompressionTypes> {
  const type = TYPES[compression];
  const load = LOADERS[compression];
  if (load !== undefined) {
    const codec = await load();
    // kafkajs's registry is one for the process; setting the same codec again changes nothing.
    (kafkajs.CompressionCodecs as Record<CompressionTypes, () => unknown>)[type] = () => codec;
  }
  return type;
}

async function installed<T>(compression: Compression, load: () => Promise<T>, name: string = compression): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw TaskError.terminal(
      'KAFKA_CODEC_MISSING',
      `compression: ${compression} needs the package "${name}", which cannot be loaded; install it beside @summit/maestro-tasks-core, or use zstd or gzip, which need none`,
      { cause },
    );
  }
}

/** The header of the framing that Kafka's own clients give snappy: magic, version and compatible version. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);

function framed(block: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(block.length);
  return Buffer.concat([XERIAL, length, block]);
}

function blocks(buffer: Buffer): Buffer[] {
  if (!buffer.subarray(0, 8).equals(XERIAL.subarray(0, 8))) return [buffer];
  const found: Buffer[] = [];
  for (let at = XERIAL.length; at < buffer.length; ) {
    const end = at + 4 + buffer.readUInt32BE(at);
    found.push(buffer.subarray(at + 4, end));
    at = end;
  }
  return found;
}
