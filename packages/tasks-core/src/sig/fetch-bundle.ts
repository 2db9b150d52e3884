import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ArtifactRef, type RunContext, TaskError } from '@summit/maestro-sdk';
import { verifyBundle } from '../ops/disclosure.verify.ts';
import type { Endpoint } from './endpoint.ts';
import { pathOf } from './export.ts';
import type { ExportState } from './export-answers.ts';
import { strangeAnswer } from './failures.ts';
import { SigSession } from './request.ts';

/** What a bundle has to be before it is kept. */
export interface BundleDemands {
  /** `manifest`: everything in it is as its manifest says. `digest`: only its own hash and size are compared with what SIG announced. */
  verify: 'manifest' | 'digest';
  /** Who must have signed the manifest. */
  publicKey?: string | undefined;
}

/** Problems that an error lists. */
const LISTED = 5;

/**
 * Fetches the bundle of an export, checks it, and stores it as an artifact: nothing is kept that was not verified. It lies in a temporary file
 * meanwhile, for a zip is read from its end. Throws `SIG_BUNDLE_CORRUPT` (may pass) and `SIG_BUNDLE_INVALID`.
 */
export async function fetchBundle(
  ctx: RunContext,
  endpoint: Endpoint,
  { exportId, bundle }: ExportState,
  demands: BundleDemands,
  signal: AbortSignal,
): Promise<ArtifactRef> {
  if (demands.verify === 'digest' && bundle.sha256 === undefined) {
    throw strangeAnswer(endpoint, `GET ${pathOf(exportId)}`, 'no bundle.sha256, which is all there is to verify with verify: digest', {
      terminal: true,
    });
  }
  const session = await SigSession.open(ctx, endpoint);
  const folder = await mkdtemp(join(tmpdir(), 'maestro-export-'));
  try {
    const file = join(folder, 'bundle');
    const what = `bundle of export ${exportId} of ${endpoint.name}`;
    const path = `${pathOf(exportId)}/bundle`;
    const found = await session.stream({ method: 'GET', path }, signal, ({ body }) => save(body as AsyncIterable<Buffer>, file, signal));
    compare(what, bundle, found);
    if (demands.verify === 'manifest') await verifyManifest(what, file, demands.publicKey, signal);
    const { contentType = 'application/zip', name = `${exportId}.zip` } = bundle;
    return await ctx.artifacts.put(createReadStream(file), { name, contentType, signal });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Found {
  sha256: string;
  size: number;
}

async function save(body: AsyncIterable<Buffer>, file: string, signal: AbortSignal): Promise<Found> {
  const hash = createHash('sha256');
  let size = 0;
  async function* hashed() {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  await pipeline(hashed, createWriteStream(file), { signal });
  return { sha256: hash.digest('hex'), size };
}

function compare(what: string, announced: ExportState['bundle'], found: Found): void {
  for (const key of ['size', 'sha256'] as const) {
    if (announced[key] === undefined || announced[key] === found[key]) continue;
    throw TaskError.transient('SIG_BUNDLE_CORRUPT', `${what}: expected ${key} ${announced[key]} as was announced, found ${found[key]}`);
  }
}

async function verifyManifest(what: string, file: string, publicKey: string | undefined, signal: AbortSignal): Promise<void> {
  const report = await verifyBundle(file, { signal, ...(publicKey === undefined ? {} : { publicKey }) });
  if (report.ok) return;
  const shown = report.problems.slice(0, LISTED).map(({ entry, message }) => (entry === undefined ? message : `${entry} ${message}`));
  const more = report.problemCount > shown.length ? ` and ${report.problemCount - shown.length} more` : '';
  throw TaskError.terminal('SIG_BUNDLE_INVALID', `${what} is not what its manifest says: ${shown.join('; ')}${more}`, {
    details: { problems: report.problems.slice(0, 100), count: report.problemCount },
  });
}
