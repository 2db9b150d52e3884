import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Io } from './io.ts';
import { createProgram } from './program.ts';
import { runCli } from './run-cli.ts';
import { execute } from './testing.ts';

describe('usage', () => {
  test.each([
    [['lnt'], "error USAGE: unknown command 'lnt'; did you mean lint?\n  next: see maestro --help\n"],
    [['lint', '--fromat', 'json'], "error USAGE: unknown option '--fromat'; did you mean --format?\n  next: see maestro lint --help\n"],
    [
      ['lint', '--format', 'xml'],
      "error USAGE: option '--format <format>' argument 'xml' is invalid. Allowed choices are pretty, json, github, sarif.\n  next: see maestro lint --help\n",
    ],
    [['run'], "error USAGE: missing required argument 'ref'\n  next: see maestro run --help\n"],
    [['tasks', 'shw'], "error USAGE: unknown command 'shw'; did you mean show?\n  next: see maestro tasks --help\n"],
    [['approve', 'r1'], "error USAGE: required option '--role <role>' not specified\n  next: see maestro approve --help\n"],
    [
      ['graph', 'a', 'b'],
      "error USAGE: too many arguments for 'graph'. Expected 1 argument but got 2: a, b.\n  next: see maestro graph --help\n",
    ],
    [
      ['run', 'a', '--input', ''],
      "error USAGE: option '--input <name=value>' argument '' is invalid. It is empty.\n  next: see maestro run --help\n",
    ],
  ])('maestro %j', async (argv, stderr) => {
    expect(await execute(argv)).toEqual({ code: 2, stdout: '', stderr });
  });

  test.each([[[]], [['tasks']], [['runs']], [['new']]])('maestro %j shows help and is no success', async (argv) => {
    const { code, stderr } = await execute(argv);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: maestro');
  });
});

test('--version is the version of the package', async () => {
  const { version } = (await import('../package.json', { with: { type: 'json' } })).default;
  expect(await execute(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('help', () => {
  const program = createProgram({ out: sink(), err: sink() }, async () => {});
  const commands = program.commands.flatMap((command) =>
    command.commands.length > 0 ? command.commands.map((sub) => [command.name(), sub.name()]) : [[command.name()]],
  );

  test.each(commands)('maestro %s %s --help says what it is for and what it ends with', async (...words) => {
    const { code, stdout, stderr } = await execute([...words.filter((word) => word !== undefined), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Exit codes:\n {2}0 {4}\w/);
    expect(stdout).toMatch(/ {2}2 {4}could not do its work/);
  });

  test('maestro help lint is the same as maestro lint --help', async () => {
    expect((await execute(['help', 'lint'])).stdout).toBe((await execute(['lint', '--help'])).stdout);
  });
});

describe('errors', () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'maestro-cli-'));
  writeFileSync(path.join(cwd, 'maestro.config.json'), '{"catalogues": []}');

  test('say code, what, where and what to do next', async () => {
    expect(await execute(['tasks', 'list'], { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        `error CONFIG_INVALID: the configuration ${cwd}/maestro.config.json is wrong`,
        '  - unknown key "catalogues"; did you mean "catalogs"?',
        '  next: correct the file; docs/cli.md lists the keys and what they mean',
        '',
      ].join('\n'),
    });
  });

  test.each([
    [['--verbose', 'tasks', 'list'], {}],
    [['tasks', 'list', '--verbose'], {}],
    [['tasks', 'list'], { DEBUG: 'maestro' }],
  ])('have a stack trace with %j %j', async (argv, env) => {
    const { stderr } = await execute(argv, { cwd, env });
    expect(stderr).toMatch(/CliError: .*\n\s+at /);
  });

  test('control characters of what was given do not reach the terminal', async () => {
    const { stderr } = await execute(['\u001b[31mred']);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('\\x1b[31mred');
  });
});

describe('colours', () => {
  const colored = async (env: Record<string, string>, terminal: boolean) =>
    (await execute(['lnt'], { env, terminal })).stderr.includes('\u001b[');

  test.each([
    [{}, false, false],
    [{}, true, true],
    [{ NO_COLOR: '1' }, true, false],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('%j on a terminal: %s', async (env, terminal, wanted) => {
    expect(await colored(env, terminal)).toBe(wanted);
  });
});

describe('an output that cannot be written', () => {
  function ioWith(code: string): { io: Io; stderr: () => string } {
    let stderr = '';
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`write ${code}`), { code })),
    });
    const err = new PassThrough();
    err.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const io: Io = {
      stdin: new PassThrough().end() as PassThrough,
      stdout: broken,
      stderr: err,
      env: {},
      cwd: tmpdir(),
      isTTY: { stdin: false, stdout: false, stderr: false },
      columns: () => 80,
      onSignal: () => () => {},
    };
    return { io, stderr: () => stderr };
  }

  test('a reader that went away is no error', async () => {
    const { io, stderr } = ioWith('EPIPE');
    expect(await runCli(['--help'], io)).toBe(0);
    expect(stderr()).toBe('');
  });

  test('a full disk is one', async () => {
    const { io, stderr } = ioWith('ENOSPC');
    expect(await runCli(['--help'], io)).toBe(2);
    expect(stderr()).toContain('error OUTPUT_FAILED: the output could not be written: no space left on the disk (ENOSPC)');
  });
});

function sink() {
  return { isTTY: false, colors: { isColorSupported: false } as never, write: () => {}, line: () => {} };
}
