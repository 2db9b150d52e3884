/**
 * Shows on real files and records what Maestro is for: runbooks are checked, approved by people, killed in the middle, finished
 * all the same, and leave proof. Needs nothing but this checkout; leaves nothing behind.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { disclose } from './disclosure.ts';
import { handOff } from './handoff.ts';
import { good, note, title } from './screen.ts';

const begin = Date.now();
/** The folders of the parts. */
const acts: string[] = [];

async function demo(folder: string): Promise<void> {
  title('Maestro: a runbook that is checked before it runs, asks people first, survives any crash, and leaves proof.');
  note(`Everything happens in ${folder}`);
  await disclose(act(folder, 'disclosure'));
  await handOff(act(folder, 'handoff'));

  title('What you saw');
  good('runbooks type-checked end to end before they ran');
  good('two people asked first, and remembered across a crash');
  good('a worker killed with SIGKILL in the middle, and nothing lost, doubled or half-written');
  good('a signed bundle of mixed files that verifies offline, and a tampered one that does not');
  good('several thousand records from S3 to SIG: the bad one named, and a receipt for each of the others and for it when it was mended');
  note(`\n   ${((Date.now() - begin) / 1_000).toFixed(0)} s in all. Next: the README's "Your first task and runbook".\n`);
}

/** The folder of one part of the demo: a project of its own. */
function act(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  acts.push(path);
  return path;
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
  for (const path of acts) await stopLeftServer(path);
  rmSync(folder, { recursive: true, force: true });
}
