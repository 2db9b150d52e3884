#!/usr/bin/env node
/**
 * Packs every public package as it would be published and looks at the tarballs with the tools that npm's users would use:
 * publint (does package.json say what is there?) and are-the-types-wrong (does TypeScript find it?).
 *
 *     node .ci/packages.ts [folder for the tarballs; otherwise they are removed again]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packAll, root } from './workspace.ts';

/** What a user has no use for, and what every package must have. */
const UNWANTED = /(?:^|\/)(?:test|testdata|\.tsbuildinfo)(?:\/|$)|\.test\.|(?<!\.d)\.ts$/;
const REQUIRED = ['package.json', 'LICENSE'];

/** Runs a tool of the workspace; its output where it fails. */
function complaint(tool: string, ...args: string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync(join(root, 'node_modules/.bin', tool), args, { cwd: root, encoding: 'utf8' });
  if (error) throw error;
  return status === 0 ? [] : [`${tool}:\n${stdout}${stderr}`];
}

const keep = process.argv[2];
const folder = keep ? resolve(keep) : mkdtempSync(join(tmpdir(), 'maestro-pack-'));
mkdirSync(folder, { recursive: true });
let failed = false;
try {
  for (const { name, version, tarball, files } of packAll(folder)) {
    const problems = [
      ...files.filter((file) => UNWANTED.test(file)).map((file) => `${file} does not belong into a package`),
      ...REQUIRED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
      ...complaint('publint', 'run', tarball, '--strict'),
      // ESM only: what CommonJS resolves to is tried by really requiring it, in .ci/packed.test.ts.
      ...complaint('attw', tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'),
    ];
    failed ||= problems.length > 0;
    console.log(`${name}@${version}: ${files.length} files, ${problems.length === 0 ? 'fine' : `\n${problems.join('\n')}`}`);
  }
} finally {
  if (!keep) rmSync(folder, { recursive: true });
}
if (failed) process.exitCode = 1;
