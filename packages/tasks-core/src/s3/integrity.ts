import { createHash } from 'node:crypto';
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3';
import type { RequestChecksums } from './client.ts';

/** How the store can tell that what arrives is what was sent. */
export interface Integrity {
  /** Checksum that is sent and kept by the store; undefined: Content-MD5, which every store knows and none keeps. */
  algorithm: ChecksumAlgorithm | undefined;
  ofUpload: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: 'FULL_OBJECT' | 'COMPOSITE' };
  ofPart(digest: Buffer): { ChecksumAlgorithm: ChecksumAlgorithm } | { ContentMD5: string };
}

/** Every body is a buffer: its checksum goes into a header, and nothing depends on a store's understanding of trailers. */
export function integrityOf(algorithm: ChecksumAlgorithm | undefined, requestChecksums: RequestChecksums): Integrity {
  const chosen = algorithm ?? (requestChecksums === 'WHEN_SUPPORTED' ? 'CRC32' : undefined);
  if (chosen === undefined) {
    return { algorithm: undefined, ofUpload: {}, ofPart: (digest) => ({ ContentMD5: digest.toString('base64') }) };
  }
  return {
    algorithm: chosen,
    // A CRC of the whole can be made from those of the parts, and checked by whoever downloads it.
    ofUpload: { ChecksumAlgorithm: chosen, ChecksumType: chosen.startsWith('CRC') ? 'FULL_OBJECT' : 'COMPOSITE' },
    ofPart: () => ({ ChecksumAlgorithm: chosen }),
  };
}

/** What the ETag of an object is made of, where the store does not encrypt it. */
export function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
