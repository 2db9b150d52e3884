import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { s3 } from '@summit/maestro-services';
import { bound, type Figure } from './figure.ts';
import { generatedRecords } from './large-object-records.ts';

/** Megabytes of the two objects; `MAESTRO_BENCH_OBJECT_MB=1000,5000` for the ones that the requirement speaks of. */
const SIZES = (process.env.MAESTRO_BENCH_OBJECT_MB ?? '100,300').split(',').map(Number) as [number, number];
/**
 * How a worker for large objects is started. Young objects have room for three times this, all of which V8 takes in the end where a stream lasts long enough:
 * its default is 96 MiB.
 */
const FLAGS = ['--max-semi-space-size=16'];
/** MiB that the process may take at its peak: 300 MB. */
const MEMORY = 286;

interface Seen {
  /** Milliseconds of each task. */
  ms: Record<string, number>;
  /** KiB at the peak, by the end of each task. */
  peaks: Record<string, number>;
  /** Records that came back with a receipt. */
  count: number;
  peakKib: number;
}

/** An object in S3, validated record by record, mapped and ingested: the most memory the process takes, for a smaller and a larger object. */
export async function largeObject(): Promise<Figure[]> {
  const [small, large] = SIZES;
  const first = await peakOf(small);
  const second = await peakOf(large);
  const what = (mb: number) => `S3 -> schema.validate -> transform.map -> sig.ingest of ${mb} MB, peak memory of the process`;
  const mib = (seen: Seen) => seen.peakKib / 1_024;
  return [
    { ...bound(what(large), 'MiB', mib(second), MEMORY, 'allowed', 1), note: told(large, second) },
    { ...bound(what(large), 'MiB', mib(second), mib(first), `for ${small} MB`, 1.2), note: told(small, first) },
  ];
}

function told(mb: number, { ms, peaks, count }: Seen): string {
  const speeds = Object.entries(ms).map(
    ([task, time]) => `${task} ${((mb * 1_000) / time).toFixed(1)} (peak ${((peaks[task] ?? 0) / 1_024).toFixed(0)} MiB)`,
  );
  return `${count} records; MB/s: ${speeds.join(', ')}`;
}

async function peakOf(megabytes: number): Promise<Seen> {
  const store = await s3();
  const bucket = `large-object-${process.pid}-${megabytes}`;
  const client = new S3Client({
    endpoint: store.endpoint,
    region: store.region,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    forcePathStyle: true,
  });
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  const sandbox = await startSandbox();
  const Key = 'raw.ndjson';
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  try {
    const Body = Readable.from(generatedRecords(megabytes * 1e6));
    await new Upload({ client, params: { Bucket: bucket, Key, Body }, partSize: 16 * 1024 * 1024, queueSize: 2 }).done();
    const config = { store, bucket, key: Key, folder, sig: sandbox.url };
    const child = join(import.meta.dirname, 'large-object-child.js');
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, child, JSON.stringify(config)]);
    return JSON.parse(stdout) as Seen;
  } finally {
    sandbox.process.kill();
    rmSync(folder, { recursive: true, force: true });
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    client.destroy();
  }
}

/** In a process of its own, so that its memory is not counted. */
async function startSandbox(): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sig-sandbox-child.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim()));
  });
  return { url, process: child };
}
