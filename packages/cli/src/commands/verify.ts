import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type VerifyReport, verifyBundle } from '@summit/maestro-tasks-core/ops/disclosure.verify';
import type { Context } from '../context.ts';
import { CliError, systemReason } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Channel } from '../terminal/terminal.ts';
import { count, formatBytes, printable } from '../text.ts';

/** Problems that are shown; `--json` prints all that were kept. */
const MAX_PROBLEMS = 50;

/** `maestro verify`. Needs no configuration: an auditor has the bundle and perhaps a key, and nothing else. */
export async function verify(context: Context, bundle: string, options: { key?: string; json?: boolean }): Promise<ExitCode> {
  const { cwd } = context.io;
  const { out } = context.terminal;
  const publicKey = options.key === undefined ? undefined : await readKey(options.key, cwd);
  const report = await verifyBundle(path.resolve(cwd, bundle), publicKey === undefined ? {} : { publicKey });
  if (options.json) out.line(JSON.stringify(report, undefined, 2));
  else print(report, bundle, out);
  return report.ok ? exit.ok : exit.failed;
}

async function readKey(name: string, cwd: string): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, name), 'utf8');
  } catch (cause) {
    throw new CliError(`cannot read the public key ${name}: ${systemReason(cause)}`, {
      code: 'KEY_UNREADABLE',
      next: 'name the PEM file of the public key with --key, or leave --key out to check hashes only',
      cause,
    });
  }
}

function print({ ok, files, problems, problemCount, signature, manifest }: VerifyReport, bundle: string, out: Channel): void {
  const { bold, dim, green, red, yellow } = out.colors;
  if (ok) {
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    out.line(
      `${green(bold('verified'))}   ${printable(bundle)}: ${count(files.length, 'file')}, ${formatBytes(bytes)}, every hash as its manifest says, nothing added or removed`,
    );
    if (manifest?.generatedAt !== undefined) out.line(`made       ${printable(manifest.generatedAt)} by ${printable(manifest.generator)}`);
  } else {
    out.line(`${red(bold('refused'))}  ${printable(bundle)}: ${count(problemCount, 'problem')}`);
    for (const { code, entry, message } of problems.slice(0, MAX_PROBLEMS)) {
      out.line(`  ${red(code)} ${entry === undefined ? '' : `${bold(printable(entry))}: `}${printable(message)}`);
    }
    if (problemCount > MAX_PROBLEMS) out.line(`  ... ${problemCount - MAX_PROBLEMS} more`);
  }
  const keys = signature.keyIds.map(printable).join(', ');
  const text = {
    valid: green(`valid, by key ${keys}`),
    invalid: red('not valid'),
    unchecked: yellow(`present, by key ${keys}, but not checked: give the public key with --key`),
    missing: dim('none: the hashes show that the bundle is whole, not who made it'),
  }[signature.status];
  out.line(`signature  ${text}`);
  if (!ok) out.line(`${dim('next:')} do not rely on this bundle; ask whoever made it for the original`);
}
