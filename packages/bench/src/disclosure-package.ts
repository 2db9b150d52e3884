import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCorpus } from './disclosure-corpus.ts';
import { bound, compareInterleaved, type Figure, median } from './figure.ts';

const CHILD = join(import.meta.dirname, 'disclosure-child.ts');
const LEVELS = [6, 9];
/** MiB that the process may take at its peak. */
const MEMORY = 250;

/** `disclosure.package` of 300 MB of mixed files against Info-ZIP's `zip` at the same level, and its memory for 300 MB and 3 GB. */
export async function disclosurePackageSpeed(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  try {
    const files = writeCorpus(folder);
    const figures: Figure[] = [];
    for (const level of LEVELS) figures.push(await againstZip(folder, files, level));
    const small = peak(folder, files);
    figures.push(bound('disclosure.package of 300 MB, peak memory of the process', 'MiB', small, MEMORY, 'allowed', 1));
    figures.push(
      bound(
        'disclosure.package of 3 GB, peak memory of the process',
        'MiB',
        peak(folder, writeCorpus(folder, 10)),
        small,
        'for 300 MB',
        1.2,
      ),
    );
    return figures;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function againstZip(folder: string, files: string[], level: number): Promise<Figure> {
  const list = join(folder, 'list.txt');
  writeFileSync(list, files.join('\n'));
  const figure = await compareInterleaved({
    figure: `disclosure.package of 300 MB mixed files, level ${level}`,
    unit: 's',
    ours: () => packageFiles(folder, files, level).seconds,
    other: () => tool(folder, 'zip', ['-q', `-${level}`, 'theirs.zip', '-@'], files.join('\n')),
    otherName: 'zip',
    must: 1,
    better: 'lower',
    rounds: 3,
  });
  // 7z names its levels differently: its 5 (the default) comes closest to 6 in size, 7 to 9.
  const seven = tool(folder, '7z', ['a', '-bd', '-bso0', '-tzip', '-mmt=2', `-mx=${level === 6 ? 5 : 7}`, 'seven.zip', `@${list}`]);
  const sizes = ['ours.zip', 'theirs.zip', 'seven.zip'].map((name) => (statSync(join(folder, name)).size / 1e6).toFixed(1));
  for (const name of ['theirs.zip', 'seven.zip']) rmSync(join(folder, name));
  const note = `on ${availableParallelism()} cores; 7z -mmt=2 ${seven.toFixed(1)} s; sizes ${sizes[0]}, zip ${sizes[1]}, 7z ${sizes[2]} MB`;
  return { ...figure, note };
}

function packageFiles(folder: string, files: string[], level: number): { seconds: number; peakMib: number } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHILD, folder, JSON.stringify({ files, outPath: 'ours.zip', level })], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`packaging ended with ${status}: ${stderr}`);
  const { ms, peakKib } = JSON.parse(stdout) as { ms: number; peakKib: number };
  return { seconds: ms / 1_000, peakMib: peakKib / 1_024 };
}

/** Of three processes: when garbage is collected differs from one to the next. */
function peak(folder: string, files: string[]): number {
  return median([1, 2, 3].map(() => packageFiles(folder, files, 6).peakMib));
}

function tool(folder: string, command: string, args: string[], input = ''): number {
  // Both would add to an archive that is there.
  for (const name of ['theirs.zip', 'seven.zip'].filter((each) => args.includes(each))) rmSync(join(folder, name), { force: true });
  const begin = performance.now();
  const { status, error, stderr } = spawnSync(command, args, { cwd: folder, input, encoding: 'utf8' });
  if (error) throw new Error(`${command} is needed to compare with: node .ci/debian-tools.mjs installs it`, { cause: error });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return (performance.now() - begin) / 1_000;
}
