#!/usr/bin/env node
import { runContracts } from '../dist/contracts/cli.js';

process.exitCode = await runContracts(process.argv.slice(2), {
  cwd: process.cwd(),
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
});
