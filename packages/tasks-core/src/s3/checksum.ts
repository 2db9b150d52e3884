import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import type { GetObjectCommandInput, GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';

/** A checksum that takes content as it comes. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** In base64, as the store writes it. */
  digest(): Promise<string> | string;
}

/** What the store says the content's checksum is, and how to find out. */
export interface StoredChecksum {
  algorithm: string;
  expected: string;
  running: RunningChecksum;
}

type Checksums = Pick<
  GetObjectCommandOutput,
  | 'ChecksumCRC32'
  | 'ChecksumCRC32C'
  | 'ChecksumCRC64NVME'
  | 'ChecksumSHA1'
  | 'ChecksumSHA256'
  | 'ChecksumType'
  | 'ETag'
  | 'ServerSideEncryption'
  | 'SSECustomerAlgorithm'
>;

/**
 * The checksum of a whole object that its store keeps, the strongest that is cheap; undefined when there is none.
 * One of a multipart object that is made of its parts' checksums (`-N` at the end) says nothing about the content as a whole.
 */
export function storedChecksum(said: Checksums): StoredChecksum | undefined {
  const whole = (value: string | undefined): value is string =>
    value !== undefined && said.ChecksumType !== 'COMPOSITE' && !/-\d+$/.test(value);
  if (whole(said.ChecksumSHA256)) return { algorithm: 'SHA256', expected: said.ChecksumSHA256, running: hash('sha256') };
  if (whole(said.ChecksumSHA1)) return { algorithm: 'SHA1', expected: said.ChecksumSHA1, running: hash('sha1') };
  if (whole(said.ChecksumCRC32)) return { algorithm: 'CRC32', expected: said.ChecksumCRC32, running: runningCrc32() };
  if (whole(said.ChecksumCRC32C)) return { algorithm: 'CRC32C', expected: said.ChecksumCRC32C, running: ofSdk(new Crc32c()) };
  if (whole(said.ChecksumCRC64NVME)) return { algorithm: 'CRC64NVME', expected: said.ChecksumCRC64NVME, running: ofSdk(new Crc64Nvme()) };
  return undefined;
}

/**
 * Has a client ask for the checksum of every whole object it gets. By the header alone: `ChecksumMode` would have the SDK compare it within each
 * response, and the content may be made up of several.
 */
export function askForChecksums(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      commandName === 'GetObjectCommand'
        ? (args) => {
            const { Range } = args.input as GetObjectCommandInput;
            if (Range === undefined) (args.request as { headers: Record<string, string> }).headers['x-amz-checksum-mode'] = 'ENABLED';
            return next(args);
          }
        : next,
    { step: 'build', name: 'maestroChecksumMode' },
  );
}

function hash(algorithm: string): RunningChecksum {
  const running = createHash(algorithm);
  return { update: (bytes) => void running.update(bytes), digest: () => running.digest('base64') };
}

function runningCrc32(): RunningChecksum {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes.toString('base64');
    },
  };
}

function ofSdk(running: { update(bytes: Uint8Array): void; digest(): Promise<Uint8Array> }): RunningChecksum {
  return { update: (bytes) => running.update(bytes), digest: async () => Buffer.from(await running.digest()).toString('base64') };
}
