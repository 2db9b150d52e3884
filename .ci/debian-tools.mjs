#!/usr/bin/env node
/**
 * Sees to it that the programs which tests compare our output with are on the machine, from Debian's packages where they are
 * not: as vitest's global set-up, and by hand with `node .ci/debian-tools.mjs`. Several of these may run at once.
 */
import { pathToFileURL } from 'node:url';
import { installPrograms } from '../packages/services/src/debian.ts';

/** Program -> the Debian package that has it. */
const TOOLS = { unzip: 'unzip', zip: 'zip', '7z': 'p7zip-full', python3: 'python3' };

export function setup() {
  installPrograms(TOOLS);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup();
