#!/usr/bin/env node
/**
 * Fails when a committed file holds what must not leave the machine it was written on: keys and tokens, paths of that machine,
 * the address of the package registry it happened to use.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.ts';

const MEGABYTE = 1024 * 1024;

/** What is looked for, and where (everywhere unless it says so). */
const RULES: { what: string; pattern: RegExp; only?: RegExp }[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/ },
  // Except the one that AWS's documentation uses, and our tests of what looks like one.
  { what: 'an access key', pattern: /\b(?!AKIAIOSFODNN7EXAMPLE)(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { what: 'a token', pattern: /\b(?:gh[pousr]_|github_pat_|npm_|xox[abprs]-|glpat-)[A-Za-z0-9_-]{30,}/ },
  { what: 'a registry credential', pattern: /(?:^|:)_(?:authToken|auth|password)\s*=\s*[^\s$]/m },
  { what: 'a path of one machine', pattern: /(?<![\w./~-])\/(?:root|Users\/\w+|home\/(?!node\b|runner\b|user\b)\w+)\// },
  { what: 'the address of a registry', pattern: /https?:\/\/[^\s"'/]*(?:\bregistry\.|\/npm\/|artifactory|nexus|verdaccio)/ },
  { what: 'an address (it would bind everybody to one registry)', pattern: /https?:\/\/|\btarball:/, only: /(?:^|\/)pnpm-lock\.yaml$/ },
];

const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
if (files.length === 0) throw new Error(`git lists no file in ${root}`);

const findings: string[] = [];
for (const file of files) {
  const path = join(root, file);
  const info = statSync(path, { throwIfNoEntry: false });
  // Deleted, but not yet committed as such.
  if (!info?.isFile()) continue;
  if (info.size > 5 * MEGABYTE) findings.push(`${file}: ${Math.round(info.size / MEGABYTE)} MB is too large to be committed`);
  const text = readFileSync(path, 'latin1');
  if (text.includes('\0')) continue;
  if (text.includes(`${root}/`)) findings.push(`${file}: the path of this checkout`);
  for (const { what, pattern, only } of RULES) {
    if (only && !only.test(file)) continue;
    const at = text.search(pattern);
    if (at >= 0) findings.push(`${file}:${text.slice(0, at).split('\n').length}: ${what}`);
  }
}
if (findings.length > 0) {
  console.error(findings.join('\n'));
  console.error('Take it out, out of the history too where it is a secret, and let configuration or the environment say it.');
  process.exit(1);
}
console.log(`hygiene: ${files.length} files hold no secret, no path of a machine and no registry`);
