import { describe, expect, test } from 'vitest';
import { project } from '../../test/project.ts';
import { execute, start } from '../testing.ts';

const plain = { NO_COLOR: '1' };

describe('inputs', () => {
  const all = ['text=a=b', 'whole=-3', 'yes=false', 'list=[1, "x"]', 'map={"k": null}'].flatMap((pair) => ['--input', pair]);
  const value = ['a=b', -3, false, [1, 'x'], { k: null }, 'red'];
  const outputOf = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').result.outputs.value;

  test('text becomes what its parameter says', async () => {
    const { stdout } = await execute(['run', 'typed', '--ephemeral', '--json', ...all], { cwd: project() });
    expect(outputOf(stdout)).toEqual(value);
  });

  test.each([
    ['inputs.yaml', 'text: a=b\nwhole: -3\nyes: false\nlist: [1, x]\nmap: { k: null }\n'],
    ['inputs.json', '{"text":"a=b","whole":-3,"yes":false,"list":[1,"x"],"map":{"k":null}}'],
  ])('from %s', async (name, text) => {
    const { stdout } = await execute(['run', 'typed', '--ephemeral', '--json', '--inputs', name], { cwd: project({ [name]: text }) });
    expect(outputOf(stdout)).toEqual(value);
  });

  test('from standard input, and the rest as options', async () => {
    const stdin = 'text: a=b\nwhole: -3\nyes: false\nlist: [1, x]\n';
    const { stdout } = await execute(['run', 'typed', '--ephemeral', '--json', '--inputs', '-', '--input', 'map={"k": null}'], {
      cwd: project(),
      stdin,
    });
    expect(outputOf(stdout)).toEqual(value);
  });

  test('everything that is wrong with them is said at once', async () => {
    const argv = [
      'run',
      'typed',
      '--ephemeral',
      '--input',
      'wole=1',
      '--input',
      'yes=maybe',
      '--input',
      'list={}',
      '--input',
      'map=[',
      '--input',
      'color=blue',
      '--input',
      'text=a',
    ];
    const { code, stdout, stderr } = await execute(argv, { cwd: project() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('error INPUT_INVALID: the inputs of typed@1.0.0 are wrong\n');
    expect(stderr).toContain('  - unknown input "wole"; did you mean "whole"?');
    expect(stderr).toContain('  - the input "yes" must be true or false, found "maybe"');
    expect(stderr).toContain('  - the input "map" must be a JSON object, found "["');
    expect(stderr).toContain('  - the input "list" must be a list, found an empty mapping');
    expect(stderr).toContain('  - the input "color" must be "red" or "green", found "blue"');
    expect(stderr).toContain('  next: `maestro plan typed@1.0.0` shows the inputs');
  });

  test.each([
    [['--input', 'text'], 'error USAGE: --input "text" has no "="\n  next: write --input text=value\n'],
    [['--input', '=a'], 'error USAGE: --input "=a" has no name before "="\n  next: write --input name=value\n'],
    [
      ['--input', 'text=a', '--input', 'text=b'],
      'error INPUT_TWICE: input "text" is given twice, as --input\n  next: keep one of the two\n',
    ],
    [
      ['--inputs', 'ok.yaml', '--input', 'text=b'],
      'error INPUT_TWICE: input "text" is given twice, in ok.yaml and as --input\n  next: keep one of the two\n',
    ],
    [
      ['--inputs', 'inexact.json'],
      'error INPUTS_UNREADABLE: cannot read the inputs from inexact.json: the integer 9007199254740993 is too large to be exact (quote it: "9007199254740993")\n',
    ],
    [['--inputs', 'absent.yaml'], 'error INPUTS_UNREADABLE: cannot read the inputs from absent.yaml: does not exist (ENOENT)\n'],
    [['--inputs', 'runbooks'], 'error INPUTS_UNREADABLE: cannot read the inputs from runbooks: is a folder, not a file (EISDIR)\n'],
    [
      ['--inputs', 'list.yaml'],
      'error INPUTS_UNREADABLE: cannot read the inputs from list.yaml: expected input names with their values, found a list\n',
    ],
    [
      ['--inputs', 'empty.yaml'],
      'error INPUTS_UNREADABLE: cannot read the inputs from empty.yaml: expected input names with their values, found nothing\n',
    ],
    [['--inputs', 'broken.yaml'], 'error INPUTS_UNREADABLE: cannot read the inputs from broken.yaml:2:1: not YAML: '],
    [
      ['--inputs', 'alias.yaml'],
      'error INPUTS_UNREADABLE: cannot read the inputs from alias.yaml:5:38: aliases expand to more than 100000 values',
    ],
    [['--inputs', 'large.yaml'], 'error INPUTS_UNREADABLE: cannot read the inputs from large.yaml: it has more than 4194304 bytes'],
  ])('%j', async (argv, message) => {
    const bomb = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${Array(10).fill(i === 0 ? 'x' : `*a${i - 1}`)}]`).join('\n');
    const cwd = project({
      'ok.yaml': 'text: a',
      'list.yaml': '- a',
      'empty.yaml': '',
      'broken.yaml': 'a: [1,\nb: 2',
      'alias.yaml': bomb,
      'inexact.json': '{"text":"1234567890123456789","whole":9007199254740993}',
      'large.yaml': 'x'.repeat(4 * 1024 * 1024 + 1),
    });
    const { code, stdout, stderr } = await execute(['run', 'typed', '--ephemeral', ...argv], { cwd });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('what is missing is asked for at a terminal, until it is right', async () => {
    const run = start(['run', 'hello', '--ephemeral'], { cwd: project(), terminal: true, env: plain });
    await run.printed(/pause \(integer\) How long to wait, in milliseconds: /);
    run.type('soon');
    await run.printed(/the input "pause" must be an integer, found "soon"\npause \(integer\)/);
    run.type('3');
    expect(await run.finished).toMatchObject({ code: 0, stdout: expect.stringContaining('slept: 3') });
  });

  test('elsewhere, and with --json, it is an error', async () => {
    const cwd = project();
    for (const options of [{ cwd }, { cwd, terminal: true }]) {
      const { code, stderr } = await execute(['run', 'hello', '--ephemeral', '--json'], options);
      expect(code).toBe(2);
      expect(stderr).toContain('the input "pause" (integer) is required: How long to wait, in milliseconds');
    }
  });

  test('Ctrl-C and Ctrl-D at the question start nothing', async () => {
    const cwd = project();
    const interrupted = start(['run', 'hello', '--ephemeral'], { cwd, terminal: true, env: plain });
    await interrupted.printed(/pause/);
    interrupted.signal('SIGINT');
    expect((await interrupted.finished).code).toBe(130);
    const closed = start(['run', 'hello', '--ephemeral'], { cwd, terminal: true, env: plain, stdin: '' });
    expect(await closed.finished).toMatchObject({ code: 2, stderr: expect.stringContaining('error INPUT_ENDED') });
  });
});
