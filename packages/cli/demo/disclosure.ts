import { copyFileSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeEvidence, makeKeys } from './evidence.ts';
import { Background, maestro } from './maestro.ts';
import { CATALOG, chapter, good, must, note } from './screen.ts';

const RUN = 'disclosure-1';

/** A disclosure bundle: checked, approved, killed while it is written, finished, verified, tampered with. */
export async function disclose(folder: string): Promise<void> {
  chapter(
    'Evidence to disclose',
    'Files as they come in a real case: mixed kinds and sizes, two with one name, one named in three scripts.',
  );
  const files = await makeEvidence(folder);
  makeKeys(folder);
  for (const { path, bytes, description } of files) note(`${(bytes / 1024 / 1024).toFixed(1).padStart(7)} MB  ${path}  (${description})`);
  writeFileSync(
    join(folder, 'inputs.json'),
    JSON.stringify({ files: { items: files.map(({ path, description }) => ({ path, description })) } }, null, 2),
  );
  writeFileSync(
    join(folder, 'maestro.config.json'),
    JSON.stringify({ catalogs: [relative(folder, CATALOG)], signing: { keyFile: 'signing-key.pem' } }, null, 2),
  );

  chapter(
    'Check before anything runs',
    'Names, versions, every ${expression} and every input are checked against the schemas of the installed tasks.',
  );
  const lint = await maestro(folder, ['lint']);
  must(lint.code === 0, 'the catalog lints clean');
  good('no findings, exit code 0');
  const typo = readFileSync(join(CATALOG, 'disclosure-packager.yaml'), 'utf8').replace('params.files.items', 'params.files.itmes');
  writeFileSync(join(folder, 'misspelt.yaml'), typo);
  const found = await maestro(folder, ['lint', 'misspelt.yaml']);
  must(found.code === 1, 'a misspelt field is found');
  good('one misspelt letter in a copy: found before anything could run');

  chapter('See what would happen', 'Which tasks, at which versions, touching what, and who has to say yes first.');
  const plan = await maestro(folder, ['plan', 'disclosure-packager', '--inputs', 'inputs.json']);
  must(plan.code === 0, 'the plan can be made');

  chapter(
    'Start it; nothing happens until two people agree',
    'The run waits, durably, for an ombuds and for legal. The initiator cannot approve their own run.',
  );
  const first = new Background(folder, ['run', 'disclosure-packager', '--inputs', 'inputs.json', '--run-id', RUN, '--json']);
  await first.line('the run waits for approval', (line) => line.type === 'run.awaiting-approval');
  must(!existsSync(join(folder, 'bundle.zip')), 'nothing is written before the approvals');
  must(
    (await maestro(folder, ['approve', RUN, '--role', 'ombuds', '--by', 'olive', '--comment', 'public interest outweighs'])).code === 0,
    'olive can approve',
  );
  must((await maestro(folder, ['approve', RUN, '--role', 'legal', '--by', 'lea'])).code === 0, 'lea can approve');

  chapter('kill -9 in the middle', 'No warning, no clean-up: as if the machine had lost power while it was writing.');
  await first.line('packaging has begun', (line) => line.type === 'task.started');
  const written = await partial(folder, 20 * 1024 * 1024);
  first.kill();
  await first.closed();
  good(`worker killed with ${(written / 1024 / 1024).toFixed(0)} MB of the bundle written`);
  must(!existsSync(join(folder, 'bundle.zip')), 'no half-written bundle under its final name');
  good('there is no bundle.zip: a half-written bundle is never seen under its name');

  chapter(
    'Start a worker again',
    'The run goes on by itself: approvals are remembered, the cut-off step runs again with the same idempotency key.',
  );
  const resumed = await maestro(folder, ['runs', 'attach', RUN]);
  must(resumed.code === 0, 'the run comes to its end');
  const leftovers = readdirSync(folder).filter((name) => name.startsWith('.maestro-partial-'));
  must(leftovers.length === 0, `nothing is left behind (${leftovers.join(', ')})`);
  good(`bundle.zip: ${(statSync(join(folder, 'bundle.zip')).size / 1024 / 1024).toFixed(0)} MB, nothing else left behind`);

  chapter(
    'Proof that verifies offline',
    'Anybody with the bundle and the public key can check it: every hash, the signature, nothing added or removed.',
  );
  const verified = await maestro(folder, ['verify', 'bundle.zip', '--key', 'signing-key.pub.pem']);
  must(verified.code === 0, 'the bundle verifies');

  chapter('Tamper with a copy', 'One bit of the 200 MB is flipped.');
  copyFileSync(join(folder, 'bundle.zip'), join(folder, 'tampered.zip'));
  const at = tamper(join(folder, 'tampered.zip'));
  good(`one bit flipped at byte ${at.toLocaleString('en')} of tampered.zip`);
  const refused = await maestro(folder, ['verify', 'tampered.zip', '--key', 'signing-key.pub.pem']);
  must(refused.code === 1, 'the tampered bundle is refused');
  good('refused, with exit code 1');
}

/** Waits until at least `bytes` of an unfinished bundle are on disk; returns how many there are. */
async function partial(folder: string, bytes: number): Promise<number> {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    const sizes = readdirSync(folder)
      .filter((name) => name.startsWith('.maestro-partial-'))
      .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
    const size = Math.max(0, ...sizes);
    if (size >= bytes) return size;
    if (existsSync(join(folder, 'bundle.zip'))) throw new Error('packaging was over before it could be interrupted');
    await delay(10);
  }
  throw new Error('packaging did not get going within a minute');
}

/** Flips one bit in the middle of a file. */
function tamper(file: string): number {
  const handle = openSync(file, 'r+');
  const at = Math.floor(statSync(file).size / 2);
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(handle, byte, 0, 1, at);
  return at;
}
