import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { broken, type Change, type Ctx, expectOnly, findings, webServer } from '../../../../test/conformance-tasks.ts';
import { InvalidInputError } from '../../../errors.ts';
import { createRunContext } from '../../../run-context.ts';
import type { DeclaredTask } from '../../../task.ts';

const web = webServer();

describe('dry-run', () => {
  const doing = (effect: DeclaredTask['effect'], act: (ctx: Ctx) => unknown, more: Change = {}) =>
    broken({
      effect,
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        ctx.signal.throwIfAborted();
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        await act(ctx);
        return { payload };
      },
      ...more,
    });
  const optOut = { abort: 'about dry runs' };

  it('finds a task that says it only reads, and writes', async () => {
    await expectOnly(
      'dry-run',
      /a dry run made x in the workspace/,
      doing('read', (ctx) => writeFileSync(join(ctx.workspace, 'x'), '')),
    );
    await expectOnly(
      'dry-run',
      /a dry run changed a.txt in the workspace/,
      doing('none', (ctx) => writeFileSync(join(ctx.workspace, 'a.txt'), 'new')),
      {
        context: { files: { 'a.txt': 'old' } },
      },
    );
  });

  it('finds an effect outside the workspace', async () => {
    let sent = 0;
    const task = doing('read', () => {
      sent += 1;
    });
    await expectOnly('dry-run', /changed something outside the workspace/, task, { effects: () => sent });
  });

  it('finds a task that says it has no effect, and talks', async () => {
    await expectOnly(
      'dry-run',
      /declares effect: none, but talks to something outside \(.*undici:request:create/,
      doing('none', (ctx) => fetch(web.url, { signal: ctx.signal }).then((response) => response.text())),
      { optOut },
    );
  });

  it('does not take silence for proof', async () => {
    await expectOnly(
      'dry-run',
      /cannot be checked: it talks to something outside/,
      doing('read', (ctx) => fetch(web.url, { signal: ctx.signal }).then((response) => response.text())),
      { optOut },
    );
  });

  it('finds a preview with an effect', async () => {
    let sent = 0;
    const sending = doing('write', () => {}, {
      resources: () => {
        sent += 1;
        return [];
      },
    });
    await expectOnly('dry-run', /changed something outside the workspace/, sending, { effects: () => sent });
    const refusing = doing('write', () => {}, { validate: ({ payload }) => expect(payload).toEqual({ text: 'never' }) });
    expect((await findings(refusing))['dry-run']).toMatch(/in a dry run it failed with/);
  });
});
