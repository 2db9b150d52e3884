/**
 * Shows on real files what Maestro is for: a runbook is checked, approved by people, killed in the middle, finished all the
 * same, and leaves a bundle that proves itself. Needs nothing but this checkout; leaves nothing behind.
 */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { makeEvidence, makeKeys } from './evidence.ts';
import { Background, maestro } from './maestro.ts';
import { chapter, good, note, title } from './screen.ts';

const CATALOG = join(import.meta.dirname, '..', '..', '..', 'runbooks');
const RUN = 'disclosure-1';
const begin = Date.now();

function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo expected: ${what}`);
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

async function demo(folder: string): Promise<void> {
  title('Maestro: a runbook that is checked before it runs, asks people first, survives any crash, and leaves proof.');
  note(`Everything happens in ${folder}`);

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

  title('What you saw');
  good('a runbook type-checked end to end before it ran');
  good('two people asked first, and remembered across a crash');
  good('a worker killed with SIGKILL in the middle, and nothing lost, doubled or half-written');
  good('a signed bundle of mixed files that verifies offline, and a tampered one that does not');
  note(`\n   ${((Date.now() - begin) / 1_000).toFixed(0)} s in all. Next: the README's "Your first task and runbook".\n`);
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

/** Ends the server that the killed worker left behind, should the demo itself have failed before it was adopted. */
async function stopLeftServer(folder: string): Promise<void> {
  const record = join(folder, '.maestro', 'restate', 'server.json');
  if (existsSync(record) && readFileSync(record, 'utf8') !== '')
    await (await EmbeddedServer.open({ folder: join(folder, '.maestro', 'restate') })).stop();
}

const folder = mkdtempSync(join(tmpdir(), 'maestro-demo-'));
try {
  await demo(folder);
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await stopLeftServer(folder);
  rmSync(folder, { recursive: true, force: true });
}
