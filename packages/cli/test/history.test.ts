import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { openHistory, type RunEvent } from '@summit/maestro-worker';
import { describe, expect, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { maestro } from './process.ts';
import { folder, project } from './project.ts';
import { sharedHistory } from './shared-history.ts';

/** A project with two runs behind it: one that succeeded and one that failed. */
async function withPast(): Promise<string> {
  const cwd = project();
  expect((await execute(['run', 'hello', '--ephemeral', '--run-id', 'h1', '--input', 'pause=1'], { cwd })).code).toBe(0);
  expect((await execute(['run', 'broken', '--ephemeral', '--run-id', 'b1'], { cwd })).code).toBe(1);
  return cwd;
}

/** Without what differs from one run to the next. */
const plain = (text: string) =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'DAY')
    .replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/\b\d+(\.\d)?m?s\b */g, 'TOOK ')
    .replaceAll(/sha256:\w{64}/g, 'sha256:x');
const ndjson = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a project with a past', () => {
  test('runs list: newest first, some of them, page by page; no engine is started', async () => {
    const cwd = await withPast();
    const list = async (...options: string[]) =>
      plain((await execute(['runs', 'list', ...options], { cwd })).stdout)
        .split('\n')
        .slice(1, -1);
    const [b1, h1] = ['b1   broken@1.0.0  failed     DAY  TOOK ada  THING_BROKEN in break', 'h1   hello@1.0.0   succeeded  DAY  TOOK ada'];
    expect(await list()).toEqual([b1, h1]);
    expect((await list('--status', 'failed', '--status', 'cancelled'))[0]).toMatch(/^b1 /);
    expect((await list('--runbook', 'hello', '--initiator', 'ada', '--since', '1h'))[0]).toMatch(/^h1 /);
    expect(await execute(['runs', 'list', '--until', '2020-01-01'], { cwd })).toMatchObject({ code: 0, stdout: 'no such runs\n' });
    const first = await execute(['runs', 'list', '--limit', '1'], { cwd });
    expect(first).toMatchObject({ stdout: expect.stringContaining('\nb1 '), stderr: 'older ones: maestro runs list --before b1\n' });
    expect((await list('--before', 'b1'))[0]).toMatch(/^h1 /);
    const [json] = ndjson((await execute(['runs', 'list', '--json'], { cwd })).stdout);
    expect(json).toMatchObject({ runId: 'b1', status: 'failed', error: { task: 'break' }, tasks: { total: 2, failed: 1, skipped: 1 } });
    expect(readdirSync(path.join(cwd, '.maestro')).filter((name) => name === 'restate')).toEqual([]);
  });

  test.each([
    [['runs', 'list', '--status', 'lost'], 'There are: queued, awaiting-approval, running'],
    [['runs', 'list', '--since', 'yesterday'], '--since: "yesterday" is neither a duration (30m, 2h, 7d) nor a date'],
    [['runs', 'list', '--limit', '0'], 'It must be a whole number from 1.'],
    [['runs', 'list', '--before', 'nobody'], 'RUN_UNKNOWN: the history knows no run nobody'],
    [['runs', 'show', 'nobody'], 'RUN_UNKNOWN: the history knows no run nobody'],
    [['runs', 'logs', 'nobody', '--follow'], 'RUN_UNKNOWN: the history knows no run nobody'],
    [['runs', 'export', 'h1', 'nobody'], 'RUN_UNKNOWN: the history knows no run nobody'],
    [['runs', 'prune', '--older-than', '90'], '--older-than: "90" is no duration'],
    [['runs', 'list', '--history', 'maestro.config.json'], 'HISTORY_UNREADABLE: the history'],
    [['runs', 'list', '--history', 'mysql://root:secret@db/x'], 'USAGE: --history: expected a file or a postgres:// URL'],
    [['runs', 'list', '--history', ''], 'USAGE: --history: expected a file or a postgres:// URL'],
  ])('%j is refused with what is wrong', async (argv, expected) => {
    const { code, stderr } = await execute(argv, { cwd: argv.includes('h1') ? await withPast() : project() });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
  });

  test('runs show: the tasks with attempts and errors, what is from outside made printable', async () => {
    const cwd = await withPast();
    expect(plain((await execute(['runs', 'show', 'b1'], { cwd })).stdout)).toBe(
      `${[
        'broken@1.0.0  failed in TOOK run b1',
        '  created    DAY by ada (sre)',
        '  started    DAY',
        '  finished   DAY',
        '  plan       sha256:x',
        '  THING_BROKEN: the thing is broken\\x1b[2J',
        'tasks',
        '  break  failed  TOOK tasks/broken@1.0.0',
        '    attempt 1 THING_BROKEN: the thing is broken\\x1b[2J',
        '  never  skipped',
        '    it needs break, which failed',
      ].join('\n')}\n`,
    );
    const shown = JSON.parse((await execute(['runs', 'show', 'h1', '--json'], { cwd })).stdout);
    expect(shown).toMatchObject({ status: 'succeeded', inputs: { pause: 1 }, outputs: { slept: 1 }, taskTree: [{ status: 'succeeded' }] });
  });

  test('runs logs: events and what tasks log, all or of one task', async () => {
    const cwd = await withPast();
    expect(plain((await execute(['runs', 'logs', 'b1'], { cwd })).stdout).split('\n')).toEqual([
      'TIME queued by ada',
      'TIME run started sha256:x',
      'TIME break started tasks/broken@1.0.0',
      'TIME break attempt 1 failed: THING_BROKEN: the thing is broken\\x1b[2J',
      'TIME break failed: THING_BROKEN: the thing is broken\\x1b[2J',
      'TIME never skipped: it needs break, which failed',
      'TIME run failed: THING_BROKEN: the thing is broken\\x1b[2J',
      '',
    ]);
    expect(plain((await execute(['runs', 'logs', 'b1', '--task', 'never', '--follow'], { cwd })).stdout)).toBe(
      'TIME never skipped: it needs break, which failed\n',
    );
  });

  test('runs export: CloudEvents of the chosen runs, to a file or to standard output', async () => {
    const cwd = await withPast();
    const file = await execute(['runs', 'export', '--output', 'events.ndjson'], { cwd });
    expect(file).toMatchObject({ code: 0, stdout: '', stderr: '12 events in events.ndjson\n' });
    const events: RunEvent[] = ndjson(readFileSync(path.join(cwd, 'events.ndjson'), 'utf8'));
    expect(events.map(({ subject }) => subject).join(' ')).toMatch(/^(h1 )+b1( b1)*$/);
    expect(events[0]).toMatchObject({ specversion: '1.0', id: 'h1/queued', source: 'maestro/hello@1.0.0', type: 'run.queued' });
    const one = await execute(['runs', 'export', 'b1'], { cwd });
    expect(ndjson(one.stdout)).toEqual(events.filter(({ subject }) => subject === 'b1'));
    expect(await execute(['runs', 'export', '-o', 'no/such/folder/x'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('error WRITE_FAILED'),
    });
  });

  test('runs prune forgets what ended long ago', async () => {
    const cwd = await withPast();
    const prune = async (...options: string[]) => plain((await execute(['runs', 'prune', ...options], { cwd })).stdout);
    expect(await prune('--older-than', '90d')).toBe('forgotten: 0 runs with 0 events, ended before DAY\n');
    expect(await prune('--older-than', '0s', '--dry-run')).toBe('would be forgotten: 2 runs with 12 events, ended before DAY\n');
    expect(await prune('--older-than', '0s')).toBe('forgotten: 2 runs with 12 events, ended before DAY\n');
    expect((await execute(['runs', 'list'], { cwd })).stdout).toBe('no runs\n');
  });
});

test('a run is followed from another terminal while it is executed; what people are asked is listed', async () => {
  const cwd = project();
  const run = maestro(cwd, ['run', 'gated', '--run-id', 'g1', '--input', 'pause=1']);
  await run.printed(/maestro approve g1 --role ombuds/);
  const logs = maestro(cwd, ['runs', 'logs', 'g1', '--follow']);
  await logs.printed(/waits for a decision by ombuds, legal/);
  expect(plain((await execute(['runs', 'list'], { cwd })).stdout)).toMatch(
    /^g1 {3}gated@1\.0\.0 {2}awaiting-approval {2}DAY {8}ada {2}waits for ombuds, legal$/m,
  );
  expect((await execute(['runs', 'show', 'g1'], { cwd })).stdout).toMatch(/^ {2}waits for {2}ombuds: ada wants to run gated$/m);
  expect((await execute(['approve', 'g1', '--role', 'ombuds', '--by', 'olive'], { cwd })).code).toBe(0);
  expect((await execute(['approve', 'g1', '--role', 'legal', '--by', 'lea'], { cwd })).code).toBe(0);
  await logs.printed(/approved by lea as legal/);
  await logs.printed(/run succeeded/);
  expect([await logs.ended, await run.ended]).toEqual([0, 0]);
  expect(plain((await execute(['runs', 'list'], { cwd })).stdout)).toMatch(/^g1 {3}gated@1\.0\.0 {2}succeeded/m);
});

test('a run that lived in a process: out of reach while that is on, lost when it was killed, and retried from where it was', async () => {
  const cwd = project();
  const file = path.join(cwd, 'held');
  const holding = `    - { id: before, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
    - { id: hold, uses: tasks/holding@1.0.0, needs: [before], with: { file: '${file}' } }
`;
  const repair = readFileSync(path.join(cwd, 'runbooks/slow.yaml'), 'utf8');
  writeFileSync(path.join(cwd, 'runbooks/slow.yaml'), `${repair.slice(0, repair.indexOf('    - { id: wait'))}${holding}`);
  const run = maestro(cwd, ['run', 'slow', '--ephemeral', '--run-id', 'e1']);
  await run.printed(/hold started/);
  const place = `${run.child.pid} on ${hostname()}`;
  const tell = async (...argv: string[]) => {
    const { code, stdout, stderr } = await execute(['runs', ...argv], { cwd });
    return { code, text: plain(stdout) + stderr };
  };
  await expect.poll(async () => (await tell('list')).text).toMatch(new RegExp(`running .* 1 of 2 tasks; in process ${place}$`, 'm'));
  expect((await tell('show', 'e1')).text).toMatch(new RegExp(`^ {2}process {4}${place}$`, 'm'));
  expect(await tell('attach', 'e1')).toMatchObject({
    code: 1,
    text: expect.stringContaining(`ENGINE_EPHEMERAL: run e1 lives in the process ${place}`),
  });
  expect(await execute(['approve', 'e1', '--role', 'lead'], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('lives in the process'),
  });
  expect(await tell('cancel', 'e1', '--kill')).toMatchObject({ code: 1, text: expect.stringContaining('ENGINE_EPHEMERAL') });
  run.child.kill('SIGKILL');
  await run.ended;
  expect((await tell('list', '--status', 'failed')).text).toMatch(/^e1 {3}slow@1\.0\.0 {2}failed {2}DAY {8}ada {2}RUN_LOST$/m);
  const shown = (await tell('show', 'e1')).text;
  expect(shown).toMatch(new RegExp(`RUN_LOST: the process ${place} that the run lived in is gone, and has not told`));
  expect(shown).toMatch(/^ {2}last heard DAY$\n[\s\S]*^ {2}hold {2}begun {2}tasks\/holding@1\.0\.0$/m);
  expect(await tell('pause', 'e1')).toMatchObject({ code: 1, text: expect.stringMatching(/RUN_ENDED: run e1 has ended, at .*: failed/) });
  writeFileSync(file, '');
  const retried = await execute(['runs', 'retry', 'e1', '--ephemeral', '--json'], { cwd });
  expect(ndjson(retried.stdout).at(-1).result).toMatchObject({
    status: 'succeeded',
    parent: 'e1',
    tasks: [
      { id: 'before', reused: true },
      { id: 'hold', attempts: 1 },
    ],
  });
});

test('a damaged history is told, and the run goes on', async () => {
  const cwd = await withPast();
  const file = path.join(cwd, '.maestro/history.db');
  writeFileSync(file, 'x'.repeat(8192));
  const broken = await execute(['run', 'hello', '--ephemeral', '--run-id', 'h2', '--input', 'pause=1'], { cwd });
  expect(broken.code).toBe(0);
  expect(broken.stdout + broken.stderr).toMatch(
    /HISTORY_UNWRITABLE: the history .*history\.db cannot be written: the file is damaged; move it away/,
  );
  expect(broken.stdout + broken.stderr).toMatch(/HISTORY_EVENTS_LOST: \d+ events are not in the history/);
  expect(await execute(['runs', 'list'], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining('error HISTORY_UNREADABLE') });
});

test('a shared history in PostgreSQL: a command leaves nothing in its outbox, others read what it did', async () => {
  const env = { PATH: process.env.PATH ?? '', MAESTRO_HISTORY: await sharedHistory() };
  const run = await execute(['run', 'hello', '--ephemeral', '--run-id', 'h1', '--input', 'pause=1'], { cwd: project(), env });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const elsewhere = project();
  expect(plain((await execute(['runs', 'list'], { cwd: elsewhere, env })).stdout)).toMatch(/^h1 {3}hello@1\.0\.0 {2}succeeded/m);
  expect((await execute(['runs', 'logs', 'h1'], { cwd: elsewhere, env })).stdout).toMatch(/run succeeded$/m);
  env.MAESTRO_HISTORY = 'postgres://nobody:secret-word@127.0.0.1:1/none';
  const refused = await execute(['runs', 'list'], { cwd: elsewhere, env });
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error HISTORY_UNREADABLE: the history postgres://127.0.0.1:1/none cannot be read'),
  });
  expect(refused.stderr).not.toContain('secret-word');
});

test('from a shared history a run is retried, and run again, on another machine', async () => {
  const shared = ['--history', await sharedHistory()];
  const file = path.join(folder(), 'mended');
  const first = project();
  const failed = await execute(['run', 'repair', '--ephemeral', '--run-id', 'r1', '--input', `file=${file}`, ...shared], { cwd: first });
  expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('then maestro runs retry r1') });
  writeFileSync(file, '');
  const second = project({
    'runbooks/repair.yaml': readFileSync(path.join(first, 'runbooks/repair.yaml'), 'utf8').replace('ms: 2', 'ms: 3'),
  });
  const again = async (argv: string[]) => {
    const { code, stdout, stderr } = await execute(['runs', ...argv, '--ephemeral', '--json', ...shared], { cwd: second });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return ndjson(stdout).at(-1).result;
  };
  const tasks = [{ id: 'before', reused: true, attempts: 0 }, { id: 'mend' }, { id: 'after' }];
  expect(await again(['retry', 'r1', '--run-id', 'r2'])).toMatchObject({ parent: 'r1', outputs: { after: 2, key: 'r1/mend' }, tasks });
  expect(await again(['rerun', 'r1', '--run-id', 'r3'])).toMatchObject({ parent: 'r1', outputs: { after: 3, key: 'r3/mend' } });
  expect(await again(['rerun', 'r1', '--same-version', '--run-id', 'r4'])).toMatchObject({
    parent: 'r1',
    outputs: { after: 2, key: 'r4/mend' },
  });
  expect(await execute(['runs', 'retry', 'r2', '--ephemeral', ...shared], { cwd: second })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error RUN_SUCCEEDED: run r2 succeeded'),
  });
});

test('an events file is where it is configured to be', async () => {
  const cwd = project();
  await execute(['run', 'hello', '--ephemeral', '--run-id', 'h1', '--input', 'pause=1', '--history', 'past/runs.db'], { cwd });
  expect(existsSync(path.join(cwd, '.maestro/history.db'))).toBe(false);
  const again = ['run', 'hello', '--ephemeral', '--run-id', 'h1', '--input', 'pause=1', '--history', 'past/runs.db'];
  expect(await execute(again, { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('error RUN_ID_TAKEN: run h1 existed already, and one that lives in a process'),
  });
  const history = await openHistory({ sqlite: path.join(cwd, 'past/runs.db') });
  expect(await history.list()).toMatchObject([{ runId: 'h1', status: 'succeeded' }]);
  await history.close();
});
