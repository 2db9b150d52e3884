import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CatalogFile, lint, parseCatalog } from '@summit/maestro-manifest';
import { bound, compareInterleaved, type Figure } from './figure.ts';
import { corpus, corpusChain, corpusContracts, PER_FILE } from './lint-catalog-corpus.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FILES = 1_000;
/** MiB that the process may take at its peak. */
const MEMORY = 500;
/** Time may grow with this power of the size. */
const GROWTH = 1.1;

const contracts = corpusContracts();
// The package that the checker itself reads YAML with.
const { parseAllDocuments } = createRequire(join(ROOT, 'packages', 'manifest', 'package.json'))('yaml') as {
  parseAllDocuments(text: string): unknown;
};

/** Reading and linting a large catalog: beside reading its YAML alone, its memory, and how it grows with files and with tasks. */
export async function lintCatalog(): Promise<Figure[]> {
  const files = corpus(FILES);
  const size = `${FILES} files, ${FILES * PER_FILE.tasks} tasks, ${FILES * PER_FILE.expressions} expressions`;
  const beside = await compareInterleaved({
    figure: `reading and linting a catalog of ${size}`,
    unit: 'ms',
    ours: () => check(files),
    other: () => time(() => files.map(({ text }) => parseAllDocuments(text))),
    otherName: 'yaml.parseAllDocuments alone',
    must: 4,
    better: 'lower',
    rounds: 7,
  });
  return [
    { ...beside, note: `maestro lint as a whole process: ${command(files).toFixed(0)} ms` },
    bound(`linting a catalog of ${FILES} files, peak memory of the process`, 'MiB', peak(FILES), MEMORY, 'allowed', 1),
    growth('files of a catalog', [100, 316, 1_000, 3_162, 10_000], corpus),
    growth('tasks of a file, each reading the one before', [10, 32, 100, 316, 1_000], corpusChain),
  ];
}

/** Milliseconds; the corpus must be without findings, or something else would be measured. */
function check(files: readonly CatalogFile[]): number {
  return time(() => {
    const [finding] = lint(parseCatalog(files).catalog, contracts);
    if (finding) throw new Error(`the corpus has findings: ${JSON.stringify(finding)}`);
  });
}

function time(work: () => unknown): number {
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

/** Milliseconds of the processor: over minutes a machine does other things, too. */
function processorTime(work: () => unknown): number {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1_000;
}

/** The exponent of processor time over size: the slope of the best line through the logarithms. */
function growth(of: string, sizes: readonly number[], make: (size: number) => CatalogFile[]): Figure {
  check(make(sizes[2] as number));
  const points = sizes.map((size) => {
    const files = make(size);
    // The least of several: what was not disturbed. Small sizes need more of them.
    const times = Array.from({ length: size * 2 > (sizes.at(-1) as number) ? 2 : 5 }, () => processorTime(() => check(files)));
    return { size, ms: Math.min(...times) };
  });
  const xs = points.map(({ size }) => Math.log(size));
  const ys = points.map(({ ms }) => Math.log(ms));
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const slope = mean(xs.map((x, at) => (x - meanX) * ((ys[at] as number) - meanY))) / mean(xs.map((x) => (x - meanX) ** 2));
  const note = points.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`).join(', ');
  return { ...bound(`growth of lint with the ${of}, exponent`, 'as a power', slope, 1, 'linear', GROWTH), note };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function peak(files: number): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'lint-catalog-child.ts'), String(files)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`linting ended with ${status}: ${stderr}`);
  return (JSON.parse(stdout) as { peakKib: number }).peakKib / 1_024;
}

/** Milliseconds of `maestro lint` over the same files in a folder. */
function command(files: readonly CatalogFile[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-bench-'));
  try {
    const tasks = {
      name: 'bench-tasks',
      version: '1.0.0',
      type: 'module',
      maestro: { tasks: './index.js', contracts: './contracts.json' },
    };
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write('maestro.config.json', JSON.stringify({ packages: ['./tasks'], catalogs: ['runbooks'] }));
    write('tasks/package.json', JSON.stringify(tasks));
    write('tasks/index.js', 'export const tasks = [];\n');
    write('tasks/contracts.json', JSON.stringify(contracts));
    for (const { path, text } of files) write(path, text);
    return time(() => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'packages', 'cli', 'bin', 'maestro.js'), 'lint'], {
        cwd: folder,
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`maestro lint ended with ${status}: ${stdout.slice(0, 2_000)}${stderr}`);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
