import { PassThrough } from 'node:stream';
import type { PendingDecision } from '@summit/maestro-worker';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { openPrompt } from '../terminal/prompt.ts';
import { DecisionDesk } from './decision-desk.ts';

function open(canWait = true) {
  const stdin = new PassThrough();
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const out = { isTTY: true, colors: pc.createColors(false), write, line: (line = '') => write(`${line}\n`) };
  const prompt = openPrompt({ stdin }, { out });
  const view = { hold: <T>(talk: () => Promise<T>) => talk() };
  const desk = new DecisionDesk({ prompt, out, view, subject: ['plan     p@1.0.0'], canWait });
  return { desk, prompt, stdin, screen: () => text };
}

const ombuds: PendingDecision = {
  name: 'approval',
  role: 'ombuds',
  initiator: 'ada',
  allowSelfApproval: false,
  reason: 'ada wants to run p',
  digest: 'sha256:1',
};
const legal: PendingDecision = { ...ombuds, role: 'legal' };

test('each role is asked in turn; what is asked is shown once; the digest that was shown goes along', async () => {
  const { desk, stdin, screen } = open();
  stdin.write('a\nolive\nfine\nr\nlea\n\n');
  expect(await Promise.all([desk.answer(ombuds), desk.answer(legal)])).toEqual([
    { name: 'approval', role: 'ombuds', by: 'olive', approved: true, comment: 'fine', digest: 'sha256:1' },
    { name: 'approval', role: 'legal', by: 'lea', approved: false, digest: 'sha256:1' },
  ]);
  expect(screen().match(/A decision is needed: ada wants to run p\n {2}plan {5}p@1\.0\.0\n/g)).toHaveLength(1);
  expect(screen()).toContain('As ombuds: [approve/reject/later]');
  expect(screen()).toContain('As legal: [approve/reject/later]');
});

test('a decision needs a name, and not the name of who started the run', async () => {
  const { desk, stdin, screen } = open();
  stdin.write('approve\n\nada\nolive\n\n');
  expect(await desk.answer(ombuds)).toMatchObject({ by: 'olive' });
  expect(screen()).toContain('a decision needs a name');
  expect(screen()).toContain('ada started this run and cannot approve it; somebody else has to decide as ombuds');
});

test('where the runbook allows it, who started the run may decide', async () => {
  const { desk, stdin } = open();
  stdin.write('approve\nada\n\n');
  expect(await desk.answer({ ...ombuds, allowSelfApproval: true })).toMatchObject({ by: 'ada', approved: true });
});

test('a question may be left to somebody else, but not where nobody else can answer', async () => {
  const durable = open();
  durable.stdin.write('later\n');
  expect(await durable.desk.answer(ombuds)).toBe('later');
  const ephemeral = open(false);
  ephemeral.stdin.write('later\nreject\nolive\n\n');
  expect(await ephemeral.desk.answer(ombuds)).toMatchObject({ approved: false });
  expect(ephemeral.screen()).toContain('please answer one of: approve, reject\n');
});

test('a question that was decided elsewhere is taken back, before or while it is asked', async () => {
  const { desk, stdin } = open();
  const asked = desk.answer(ombuds);
  desk.withdraw(ombuds);
  desk.withdraw(legal);
  expect(await asked).toBe('gone');
  expect(await desk.answer(legal)).toBe('gone');
  stdin.write('approve\nolive\n\n');
  expect(await desk.answer({ ...ombuds, name: 'second' })).toMatchObject({ name: 'second' });
});

test('something more urgent comes first, and then the question again', async () => {
  const { desk, prompt, stdin, screen } = open();
  const asked = desk.answer(ombuds);
  await new Promise((resolve) => setImmediate(resolve));
  const urgent = desk.interrupt(() => prompt.ask('leave?'));
  stdin.write('no\n');
  expect(await urgent).toBe('no');
  stdin.write('approve\nolive\n\n');
  expect(await asked).toMatchObject({ approved: true, by: 'olive' });
  expect(screen().match(/As ombuds:/g)).toHaveLength(2);
});

test('a refused answer is asked for again, with the reason; the end of input leaves the question', async () => {
  const { desk, stdin, screen } = open();
  const asked = desk.answer(ombuds, 'olive may not');
  stdin.end();
  expect(await asked).toBe('later');
  expect(screen()).toContain('not accepted: olive may not');
});

test('a desk that is closed asks nothing any more', async () => {
  const { desk, screen } = open();
  const asked = [desk.answer(ombuds), desk.answer(legal)];
  await new Promise((resolve) => setImmediate(resolve));
  desk.close();
  expect(await Promise.all(asked)).toEqual(['gone', 'gone']);
  expect(screen()).not.toContain('As legal');
});
