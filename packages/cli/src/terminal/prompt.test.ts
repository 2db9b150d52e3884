import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openPrompt } from './prompt.ts';

function desk() {
  const stdin = new PassThrough();
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const out = { isTTY: true, colors: {} as never, write, line: (line = '') => write(`${line}\n`) };
  return { prompt: openPrompt({ stdin }, { out }), stdin, screen: () => text };
}

test('asks one line, trimmed; what was typed ahead answers the next question', async () => {
  const { prompt, stdin, screen } = desk();
  stdin.write(' ada \nsecond\n');
  expect(await prompt.ask('name:')).toBe('ada');
  expect(await prompt.ask('more:')).toBe('second');
  expect(screen()).toBe('name: more: ');
  prompt.close();
});

test('a choice is asked until it is one; its first letter will do, nothing is the fallback', async () => {
  const { prompt, stdin, screen } = desk();
  stdin.write('x\n\nR\n\n');
  expect(await prompt.choose('verdict', ['approve', 'reject'])).toBe('reject');
  expect(screen()).toContain('please answer one of: approve, reject\nverdict [approve/reject] please answer');
  expect(await prompt.choose('verdict', ['approve', 'reject'], { fallback: 'approve' })).toBe('approve');
  prompt.close();
});

test('a question can be taken back, and the next one asked', async () => {
  const { prompt, stdin } = desk();
  const taken = new AbortController();
  const asked = prompt.ask('first?', taken.signal);
  taken.abort(new Error('no longer needed'));
  await expect(asked).rejects.toThrow('no longer needed');
  await expect(prompt.ask('late?', taken.signal)).rejects.toThrow('no longer needed');
  stdin.write('yes\n');
  expect(await prompt.ask('second?')).toBe('yes');
  prompt.close();
});

test('the end of input ends the question, also the one that is open', async () => {
  const { prompt, stdin } = desk();
  const asked = prompt.ask('name?');
  stdin.end();
  await expect(asked).rejects.toMatchObject({ code: 'INPUT_ENDED' });
  await expect(prompt.ask('again?')).rejects.toMatchObject({ code: 'INPUT_ENDED' });
});

test('a last line without an end counts', async () => {
  const { prompt, stdin } = desk();
  const asked = prompt.ask('name?');
  stdin.end('ada');
  expect(await asked).toBe('ada');
});
