import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type SigSandbox, startSigSandbox } from '@summit/maestro-sdk/testing';
import S3rver from 's3rver';
import { maestro } from './maestro.ts';
import { movies, type RawRecord } from './movies.ts';
import { CATALOG, chapter, good, must, note } from './screen.ts';

const BUCKET = 'film-archive';

/** Several thousand records of a public data set: from S3, checked and enriched, to SIG. */
export async function handOff(folder: string): Promise<void> {
  const directory = join(folder, 's3');
  mkdirSync(directory);
  const s3 = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: BUCKET, configs: [] }] });
  const { port } = await s3.run();
  const endpoint = `http://127.0.0.1:${port}`;
  await using sig = await startSigSandbox();
  try {
    await handOffBetween(folder, endpoint, sig);
  } finally {
    await s3.close();
  }
}

async function handOffBetween(folder: string, endpoint: string, sig: SigSandbox): Promise<void> {
  chapter('Records to hand over', 'A public data set in a bucket of a local S3 server; a sandbox of SIG is to receive them.');
  const records = movies();
  await upload(endpoint, records);
  note(`${records.length.toLocaleString('en')} films in s3://${BUCKET}/raw.json`);
  writeFileSync(
    join(folder, 'maestro.config.json'),
    JSON.stringify({ catalogs: [relative(folder, CATALOG)], identity: { user: 'dana', roles: ['data-engineer'] } }, null, 2),
  );
  const env = {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: 'us-east-1',
    MAESTRO_SECRET_AWS_ACCESS_KEY_ID: 'S3RVER',
    MAESTRO_SECRET_AWS_SECRET_ACCESS_KEY: 'S3RVER',
    MAESTRO_SECRET_SIG_INGEST_URL: sig.url,
  };
  const handOver = (run: string) =>
    maestro(folder, ['run', 'ingest-enrich-handoff', '--input', `source_bucket=${BUCKET}`, '--run-id', run], env);

  chapter('One bad record stops the hand-over', 'Every record is checked before the first one leaves; the message says which, and why.');
  const refused = await handOver('films-1');
  must(refused.code === 1 && refused.text.includes('movie-3054'), 'the bad record is named');
  must(sig.counts.batches === 0, 'nothing was handed over');
  good('record 3054 of 3,201, named with its id: a film without a title, as the data set has it; SIG has received nothing');

  chapter(
    'Mended, and a rough passage',
    'The title is filled in. SIG asks for patience once (429), and cuts a connection after it has taken a batch.',
  );
  await upload(
    endpoint,
    records.map((film) => (film.name === null ? { ...film, name: 'Untitled' } : film)),
  );
  sig.inject({ kind: 'status', status: 429, retryAfter: 1 });
  sig.inject({ kind: 'cut', after: true }, { skip: 3 });
  const done = await handOver('films-2');
  must(done.code === 0, 'the hand-over succeeds');

  chapter('Every record, exactly once', 'What SIG holds, against what was in the bucket.');
  const once = records.filter(({ id }) => sig.effects.get(id) === 1).length;
  must(once === records.length && sig.items.size === records.length, 'every record was taken exactly once');
  good(
    `${once.toLocaleString('en')} of ${records.length.toLocaleString('en')} records taken exactly once, each with a receipt, the repeated batch included`,
  );
  const [, shown] = [...sig.items.values()];
  must(shown !== undefined, 'SIG holds records');
  note(`for example ${shown.id}: receipt ${shown.hash}`);
}

async function upload(endpoint: string, records: readonly RawRecord[]): Promise<void> {
  const { ok, status } = await fetch(`${endpoint}/${BUCKET}/raw.json`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(records),
  });
  must(ok, `the object can be stored (status ${status})`);
}
