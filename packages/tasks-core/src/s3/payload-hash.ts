import type { S3Client } from '@aws-sdk/client-s3';

/** The sha256 of bodies that are about to be sent, lower-case hex: a signature covers it, and the store checks the body against it. */
const known = new WeakMap<Uint8Array, string>();

/** Says what the sha256 of a body is, so that it is not hashed again to be signed. */
export function knowHash(body: Uint8Array, sha256: string): void {
  known.set(body, sha256);
}

/** Hashes a large body on another thread, while this one reads and sends. */
export async function hashAside(body: Uint8Array): Promise<void> {
  const digest = await crypto.subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>);
  known.set(body, Buffer.from(digest).toString('hex'));
}

/** Lets a client sign bodies by the hashes that are known. */
export function useKnownHashes(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { Body } = args.input as { Body?: unknown };
      const sha256 = Body instanceof Uint8Array ? known.get(Body) : undefined;
      if (sha256 !== undefined) (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build', name: 'maestroPayloadHash' },
  );
}
