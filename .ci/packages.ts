#!/usr/bin/env node
/**
 * Packs every public package as it would be published and looks at the tarballs with the tools that npm's users would use:
 * publint (does package.json say what is there?) and are-the-types-wrong (does TypeScript find it?).
 *
 *     node .ci/packages.ts [folder for the tarballs; otherwise they are removed again]
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packAll, root } from './workspace.ts';

/** What a user has no use for, and what every package must have. */
const UNWANTED = /(?:^|\/)(?:test|testdata|\.tsbuildinfo)(?:\/|$)|\.test\.|(?<!\.d)\.ts$/;
const REQUIRED = ['package.json', 'LICENSE'];

/** Runs a tool of the workspace; its output where it fails. */
async function complaint(tool: string, ...args: string[]): Promise<string[]> {
  try {
    await promisify(execFile)(join(root, 'node_modules/.bin', tool), args, { cwd: root });
    return [];
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    // Anything but an exit code: it has not run.
    if (typeof code !== 'number') throw error;
    return [`${tool}:\n${stdout}${stderr}`];
  }
}

const keep = process.argv[2];
const folder = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), 'maestro-pack-'));
mkdirSync(folder, { recursive: true });
let failed = false;
try {
  for (const { name, version, tarball, files } of packAll(folder)) {
    const complaints = await Promise.all([
      complaint('publint', 'run', tarball, '--strict'),
      // ESM only: what CommonJS resolves to is tried by really requiring it, in .ci/packed.test.ts.
      complaint('attw', tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'),
    ]);
    const problems = [
      ...files.filter((file) => UNWANTED.test(file)).map((file) => `${file} does not belong into a package`),
      ...REQUIRED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
      ...complaints.flat(),
    ];
    failed ||= problems.length > 0;
    console.log(`${name}@${version}: ${files.length} files, ${problems.length === 0 ? 'fine' : `\n${problems.join('\n')}`}`);
  }
} finally {
  if (!keep) rmSync(folder, { recursive: true });
}
if (failed) process.exitCode = 1;
