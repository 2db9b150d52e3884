import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, packageRoot, runNode } from './run-node.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sdk-contracts-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function files(contents: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

const MANIFEST = JSON.stringify({
  name: 'acme-tasks',
  type: 'module',
  maestro: { tasks: './dist/index.js', contracts: './dist/contracts.json' },
});
const task = (name: string, more = '') => `
export default {
  name: '${name}', version: '0.1.0', title: 'T', description: 'D', effect: 'none',
  input: { type: 'object', properties: {} }, output: { type: 'object', properties: {} },
  examples: [{ title: 'e', input: {}, output: {} }],
  execute: async () => ({ payload: {} }),
  ${more}
};`;
const TWO = {
  'package.json': MANIFEST,
  'dist/tasks/wait.sleep.js': task('tasks/wait.sleep'),
  'dist/connectors/kafka.publish.js': task('connectors/kafka.publish', `effect: 'write', durable: true, secrets: ['K'],`),
  'dist/index.js': `
    import waitSleep from './tasks/wait.sleep.js';
    import kafkaPublish from './connectors/kafka.publish.js';
    export { waitSleep, kafkaPublish };
    export const tasks = [waitSleep, kafkaPublish];`,
};

const run = (...args: string[]): Promise<Ended> => runNode([join(packageRoot, 'bin', 'maestro-contracts.js'), ...args], { cwd: root });
const written = async () => JSON.parse(await readFile(join(root, 'dist', 'contracts.json'), 'utf8')) as Record<string, unknown>[];

describe('maestro-contracts', () => {
  it('writes the contracts in order, the same bytes every time, and leaves nothing else', async () => {
    await files(TWO);
    expect(await run()).toEqual({ code: 0, stdout: '2 contracts of acme-tasks in dist/contracts.json\n', stderr: '' });
    const contracts = await written();
    expect(contracts).toMatchObject([
      { name: 'connectors/kafka.publish', version: '0.1.0', effect: 'write', durable: true, secrets: ['K'] },
      { name: 'tasks/wait.sleep', effect: 'none', durable: false, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
    ]);
    const first = await readFile(join(root, 'dist', 'contracts.json'), 'utf8');
    expect((await run()).code).toBe(0);
    expect(await readFile(join(root, 'dist', 'contracts.json'), 'utf8')).toBe(first);
    expect((await readdir(join(root, 'dist'))).sort()).toEqual(['connectors', 'contracts.json', 'index.js', 'tasks']);
  });

  it('makes the folder for the file', async () => {
    await files({ ...TWO, 'package.json': MANIFEST.replace('./dist/contracts.json', './generated/deep/contracts.json') });
    expect((await run()).code).toBe(0);
    expect(await readdir(join(root, 'generated', 'deep'))).toEqual(['contracts.json']);
  });

  it('takes an older version of a task beside the newest', async () => {
    await files({
      ...TWO,
      'dist/tasks/wait.sleep@0.0.9.js': task('tasks/wait.sleep', `version: '0.0.9',`),
      'dist/index.js': `${TWO['dist/index.js']}
        import old from './tasks/wait.sleep@0.0.9.js';
        tasks.push(old);`,
    });
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    expect((await written()).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'connectors/kafka.publish@0.1.0',
      'tasks/wait.sleep@0.0.9',
      'tasks/wait.sleep@0.1.0',
    ]);
  });

  it('says everything that is wrong with the tasks at once, and keeps the file as it was', async () => {
    await files({
      'package.json': MANIFEST,
      'dist/contracts.json': 'as it was',
      'dist/tasks/good.js': task('tasks/good'),
      'dist/tasks/other.js': task('tasks/misplaced'),
      'dist/tasks/bare.js': `export default { name: 'tasks/bare', execute() {} };`,
      'dist/tasks/copy.js': `export default {};`,
      'dist/index.js': `
        import good from './tasks/good.js';
        import other from './tasks/other.js';
        import bare from './tasks/bare.js';
        const copy = { ...good, name: 'tasks/copy' };
        export const tasks = [good, good, other, bare, copy, null];`,
    });
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const problem of [
      'tasks/good@0.1.0 is listed twice',
      'tasks/good@0.1.0: dist/index.js does not export it as "good"',
      'tasks/misplaced@0.1.0: its file is not called after it: expected dist/tasks/misplaced.js',
      'tasks/bare is not declared completely: version: ',
      'tasks/copy@0.1.0: dist/tasks/copy.js exports something else by default',
      'expected a task made by defineTask, found null',
      'nothing was written',
    ]) {
      expect(stderr).toContain(problem);
    }
    expect(stderr.split('\n').every((line) => line === '' || line.startsWith('maestro-contracts: '))).toBe(true);
    expect(await readFile(join(root, 'dist', 'contracts.json'), 'utf8')).toBe('as it was');
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no package.json', {}, /package.json cannot be read \(ENOENT\).*\[PACKAGE_UNREADABLE\]/],
    ['a package.json that is no JSON', { 'package.json': '{' }, /package.json is not JSON/],
    ['a package.json that is null', { 'package.json': 'null' }, /"maestro": \{ "tasks" \} is missing/],
    ['no maestro field', { 'package.json': '{"name":"x"}' }, /"maestro": \{ "tasks" \} is missing.*\[PACKAGE_WITHOUT_TASKS\]/],
    [
      'no place for the contracts',
      { ...TWO, 'package.json': '{"maestro":{"tasks":"./dist/index.js"}}' },
      /"maestro": \{ "contracts" \} is missing/,
    ],
    [
      'a place outside the package',
      { ...TWO, 'package.json': '{"maestro":{"tasks":"./dist/index.js","contracts":"../x.json"}}' },
      /leads out of the package/,
    ],
    [
      'a package that is not built',
      { 'package.json': MANIFEST },
      /dist\/index.js does not exist; build acme-tasks first \[PACKAGE_NOT_BUILT\]/,
    ],
    [
      'a module that does not parse',
      { ...TWO, 'dist/index.js': 'export const tasks = [' },
      /dist\/index.js cannot be imported: .*\[PACKAGE_BROKEN\]/,
    ],
    ['a module that throws', { ...TWO, 'dist/index.js': 'throw "up"' }, /dist\/index.js cannot be imported: up/],
    ['a module without tasks', { ...TWO, 'dist/index.js': 'export const task = []' }, /exports no list "tasks"/],
    ['a module whose tasks are no list', { ...TWO, 'dist/index.js': 'export const tasks = {}' }, /exports no list "tasks"/],
    ['an empty list', { ...TWO, 'dist/index.js': 'export const tasks = []' }, /exports an empty list/],
    [
      'a task file that throws',
      {
        ...TWO,
        'dist/tasks/wait.sleep.js': 'throw new Error("no")',
        'dist/index.js': `import kafkaPublish from './connectors/kafka.publish.js'; export { kafkaPublish }; export const tasks = [kafkaPublish, { ...kafkaPublish, name: 'tasks/wait.sleep' }];`,
      },
      /dist\/tasks\/wait.sleep.js cannot be imported: no/,
    ],
    [
      'a file where the contracts’ folder should be',
      { ...TWO, 'package.json': MANIFEST.replace('./dist/contracts.json', './package.json/contracts.json') },
      /cannot be written \(E\w+\) \[CONTRACTS_UNWRITABLE\]/,
    ],
  ])('ends with 1 for %s', async (_, contents, message) => {
    await files(contents);
    const { code, stdout, stderr } = await run();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('explains itself, and takes no arguments', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: maestro-contracts') as string,
      stderr: '',
    });
    expect(await run('--fast')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('unknown argument "--fast"') as string,
    });
  });
});
