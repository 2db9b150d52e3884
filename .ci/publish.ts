#!/usr/bin/env node
/**
 * Publishes every public package at the version that a tag names, each after those it depends on:
 *
 *     node .ci/publish.ts v1.2.3 [--dry-run]
 *
 * A version that the registry already has is left alone, so that a run which broke off half-way can be started again. npm is
 * told who publishes by the CI system's identity token, and adds the provenance to the package.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PackedPackage, packAll, publicPackages, root } from './workspace.ts';

function refuse(...lines: string[]): never {
  console.error(lines.join('\n'));
  process.exit(1);
}

function npm(...args: string[]): { ok: boolean; text: string } {
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (error) throw error;
  return { ok: status === 0, text: `${stdout}${stderr}` };
}

function isPublished({ name, version }: PackedPackage): boolean {
  const { ok, text } = npm('view', `${name}@${version}`, 'version');
  if (ok) return text.includes(version);
  if (/\bE404\b/.test(text)) return false;
  return refuse(`the registry does not say whether it has ${name}@${version}:`, text);
}

const [tag, ...options] = process.argv.slice(2);
const dryRun = options.includes('--dry-run');
if (!tag) refuse('which version? usage: node .ci/publish.ts v1.2.3 [--dry-run]');

const others = publicPackages().filter(({ version }) => tag !== `v${version}`);
if (others.length > 0) {
  refuse(
    `the tag ${tag} does not name the version of these packages:`,
    ...others.map(({ name, version }) => `  ${name} is at ${version}`),
    'Run pnpm changeset version, commit the result, and tag that commit with v and the version it gives.',
  );
}
const waiting = readdirSync(join(root, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md');
if (waiting.length > 0)
  refuse(`changes are not in this version yet (${waiting.join(', ')}): run pnpm changeset version and tag its commit.`);

const folder = mkdtempSync(join(tmpdir(), 'maestro-publish-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

for (const one of packAll(folder)) {
  const label = `${one.name}@${one.version}`;
  if (isPublished(one)) {
    console.log(`${label}: the registry has it already`);
    continue;
  }
  const channel = one.version.includes('-') ? 'next' : 'latest';
  const { ok, text } = npm('publish', one.tarball, '--access', 'public', '--tag', channel, dryRun ? '--dry-run' : '--provenance');
  if (!ok) refuse(`${label} could not be published:`, text);
  console.log(`${label}: ${dryRun ? 'would be published' : 'published'} as ${channel}`);
}
