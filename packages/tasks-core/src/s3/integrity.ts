import { hash } from 'node:crypto';
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3';
import type { RequestChecksums } from './client.ts';

/** How the store can tell that what arrives is what was sent. */
export interface Integrity {
  /** Checksum that is sent and kept by the store; undefined: none, the store has the sha256 that the signature covers, or Content-MD5. */
  algorithm: ChecksumAlgorithm | undefined;
  /** Whether Content-MD5 is sent, which every store knows and none keeps. */
  contentMd5: boolean;
  ofUpload: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: 'FULL_OBJECT' | 'COMPOSITE' };
  /** `digest`: the MD5 of the part, where it is sent. */
  ofPart(digest: Buffer | undefined): { ChecksumAlgorithm?: ChecksumAlgorithm; ContentMD5?: string };
}

/** Every body is a buffer: its checksum goes into a header, and nothing depends on a store's understanding of trailers. */
export function integrityOf(
  algorithm: ChecksumAlgorithm | undefined,
  requestChecksums: RequestChecksums,
  request: { signed: boolean; locked: boolean },
): Integrity {
  const chosen = algorithm ?? (requestChecksums === 'WHEN_SUPPORTED' ? 'CRC32' : undefined);
  if (chosen === undefined) {
    // A lock is given only to what comes with a checksum of its own.
    const contentMd5 = !request.signed || request.locked;
    const ofPart: Integrity['ofPart'] = (digest) => (contentMd5 && digest !== undefined ? { ContentMD5: digest.toString('base64') } : {});
    return { algorithm: undefined, contentMd5, ofUpload: {}, ofPart };
  }
  return {
    algorithm: chosen,
    contentMd5: false,
    // A CRC of the whole can be made from those of the parts, and checked by whoever downloads it.
    ofUpload: { ChecksumAlgorithm: chosen, ChecksumType: chosen.startsWith('CRC') ? 'FULL_OBJECT' : 'COMPOSITE' },
    ofPart: () => ({ ChecksumAlgorithm: chosen }),
  };
}

/** What the ETag of an object is made of, where the store does not encrypt it. */
export function md5(bytes: Uint8Array): Buffer {
  return hash('md5', bytes, 'buffer');
}
