import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

it('lets one in at a time, in order, and passes over those who gave up', async () => {
  const turns = new Turns();
  const seen: number[] = [];
  const first = await turns.take(never);
  const controller = new AbortController();
  const impatient = turns.take(controller.signal);
  const waiting = [1, 2, 3].map(async (number) => {
    const done = await turns.take(never);
    seen.push(number);
    await Promise.resolve();
    seen.push(-number);
    done();
  });
  controller.abort(new Error('too long'));
  await expect(impatient).rejects.toThrow('too long');
  expect(seen).toEqual([]);
  first();
  await Promise.all(waiting);
  expect(seen).toEqual([1, -1, 2, -2, 3, -3]);
});
