#!/usr/bin/env node
/**
 * Fails when something that is installed along with our packages has a licence which its users have not agreed to:
 * docs/decisions/0013-licences.md says which ones may be there, and why there is an exception.
 */
import satisfies from 'spdx-satisfies';
import { pnpm, publicPackages } from './workspace.ts';

const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
  'Unlicense',
  'Zlib',
];

/** Package -> the licence it may have all the same. */
const EXCEPTIONS: Record<string, string> = {
  '@restatedev/restate-server': 'BSL',
  '@restatedev/restate-server-darwin-arm64': 'BSL',
  '@restatedev/restate-server-darwin-x64': 'BSL',
  '@restatedev/restate-server-linux-arm64': 'BSL',
  '@restatedev/restate-server-linux-x64': 'BSL',
};

function allowed(licence: string): boolean {
  try {
    return satisfies(licence, ALLOWED);
  } catch {
    // Not an SPDX expression ("Unknown", "SEE LICENSE IN ...").
    return false;
  }
}

const filters = publicPackages().flatMap(({ name }) => ['--filter', name]);
const byLicence: Record<string, { name: string; versions: string[]; license: string }[]> = JSON.parse(
  pnpm('--recursive', ...filters, 'licenses', 'list', '--prod', '--json'),
);
const installed = Object.values(byLicence).flat();
if (installed.length === 0) throw new Error('pnpm lists no production dependency: run pnpm install');

const refused = installed.filter(({ name, license }) => !allowed(license) && EXCEPTIONS[name] !== license);
if (refused.length > 0) {
  for (const { name, versions, license } of refused) {
    console.error(`${name}@${versions.join(', ')}: licence ${JSON.stringify(license)}`);
  }
  console.error(`None of these is among ${ALLOWED.join(', ')}.`);
  console.error('Use another package, or record why this one may stay in docs/decisions/0013-licences.md and in .ci/licences.ts.');
  process.exit(1);
}
const excepted = installed.filter(({ name }) => name in EXCEPTIONS).length;
console.log(`licences: ${installed.length} packages are installed along with ours, ${excepted} of them by a named exception`);
