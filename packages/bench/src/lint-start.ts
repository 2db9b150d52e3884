import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compareInterleaved, type Figure } from './figure.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** `maestro lint` of one file as a whole process, against a Node that starts and loads the YAML package. */
export async function lintStart(): Promise<Figure[]> {
  const require = createRequire(join(ROOT, 'packages', 'manifest', 'package.json'));
  const yaml = pathToFileURL(require.resolve('yaml')).href;
  return [
    await compareInterleaved({
      figure: 'maestro lint of one file, whole process',
      unit: 'ms',
      ours: () => time([join(ROOT, 'packages', 'cli', 'bin', 'maestro.js'), 'lint', 'runbooks/disclosure-packager.yaml']),
      other: () => time(['-e', `import(${JSON.stringify(yaml)})`]),
      otherName: 'node loading yaml',
      must: 3,
      better: 'lower',
      rounds: 21,
    }),
  ];
}

function time(args: string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT });
  if (status !== 0) throw new Error(`${args.join(' ')}: exit code ${status}\n${stderr}`);
  return performance.now() - begin;
}
