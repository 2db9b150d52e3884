import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { broken, type Change, type Ctx, echo, expectOnly, findings, webServer } from '../../../../test/conformance-tasks.ts';
import { InvalidInputError } from '../../../errors.ts';
import { createRunContext } from '../../../run-context.ts';

const web = webServer();

describe('abort', () => {
  const slow =
    (wait: (ctx: Ctx) => Promise<unknown>): NonNullable<Change['execute']> =>
    async (given, { payload }) => {
      const ctx = createRunContext(given);
      if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
      await wait(ctx);
      return { payload };
    };

  it('finds a task that starts although it was aborted', async () => {
    const task = broken({ effect: 'write', execute: slow(async (ctx) => writeFileSync(join(ctx.workspace, 'x'), '')) });
    const found = await findings(task);
    expect(found.abort).toMatch(/although its signal was aborted beforehand/);
    expect(Object.keys(found)).toEqual(['abort']);
  });

  it('finds a task that does not stop waiting', async () => {
    const task = broken({ execute: slow((ctx) => (ctx.taskId === 'task' ? Promise.resolve() : delay(400))) });
    await expectOnly(
      'abort',
      /did not end within 250 ms although its signal was aborted beforehand.*did not end within 250 ms of being aborted/s,
      task,
    );
  });

  it('finds a task that goes on to the end', async () => {
    await expectOnly('abort', /went on to the end although it was aborted/, broken({ execute: slow(() => delay(20)) }));
  });

  it('finds a stuck call that does not hear', async () => {
    const task = broken({ execute: slow(async () => fetch(`${web.url}/fine`)), effect: 'read' });
    const stubborn = broken({
      execute: async (ctx, input) => (input.payload.text === 'hang' ? new Promise(() => {}) : task.execute(ctx, input)),
      effect: 'read',
    });
    const found = await findings(stubborn, {
      stuck: () => ({ payload: { text: 'hang' } }),
      optOut: { 'dry-run': 'about abort', pool: 'about abort', secrets: 'about abort', execute: 'about abort', examples: 'about abort' },
    });
    expect(found.abort).toMatch(/did not end within 250 ms of being aborted/);
  });

  it('finds a stuck call that is not', async () => {
    await expectOnly('abort', /before it was aborted; the suite needs a call that does not end by itself/, echo, {
      stuck: () => ({ payload: { text: 'a' } }),
    });
  });

  it('finds what is left behind', async () => {
    const task = broken({
      effect: 'write',
      execute: slow(async (ctx) => {
        ctx.signal.throwIfAborted();
        await writeFile(join(ctx.workspace, 'out.tmp'), 'half');
        await delay(30, undefined, { signal: ctx.signal });
      }),
    });
    await expectOnly('abort', /left something behind when it was aborted: made out.tmp/, task);
  });
});
