import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { broken, type Ctx, expectOnly, findings, webServer } from '../../../../test/conformance-tasks.ts';
import { InvalidInputError } from '../../../errors.ts';
import { createRunContext } from '../../../run-context.ts';

const web = webServer();

describe('pool', () => {
  const pooling = (use: (ctx: Ctx) => unknown) =>
    broken({
      effect: 'write',
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        ctx.signal.throwIfAborted();
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        await use(ctx);
        return { payload };
      },
    });
  const dial = () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(web.port, '127.0.0.1', () => resolve(socket));
    });
  const optOut = { abort: 'about pools' };
  const sockets: Socket[] = [];
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
  });

  it('passes a client that is closed', async () => {
    const task = pooling((ctx) =>
      ctx.pool('tcp', dial, (socket) => {
        socket.destroy();
      }),
    );
    expect(await findings(task, { optOut })).toEqual({});
  });

  it('finds a client that does not close', async () => {
    const failing = pooling((ctx) =>
      ctx.pool(
        'k',
        async () => 1,
        () => Promise.reject(new Error('stuck')),
      ),
    );
    expect((await findings(failing, {}, 'pool')).pool).toMatch(/pooled client "k" did not close/);
    const hanging = pooling((ctx) =>
      ctx.pool(
        'k',
        async () => 1,
        () => new Promise(() => {}),
      ),
    );
    expect((await findings(hanging, {}, 'pool')).pool).toMatch(/did not close within 250 ms/);
  });

  it('finds a client whose close does nothing', async () => {
    const task = pooling((ctx) =>
      ctx.pool(
        'tcp',
        async () => {
          const socket = await dial();
          sockets.push(socket);
          return socket;
        },
        () => {},
      ),
    );
    expect((await findings(task, {}, 'pool')).pool).toMatch(/left something open: a connection/);
  });

  it('finds a client for every call', async () => {
    let calls = 0;
    await expectOnly(
      'pool',
      /took another client for the same call: pool keys k\d+, k\d+/,
      pooling((ctx) =>
        ctx.pool(
          `k${calls++}`,
          async () => 1,
          () => {},
        ),
      ),
    );
  });

  it('finds a connection made past the pool', async () => {
    const task = pooling(async () => {
      sockets.push(await dial());
    });
    expect((await findings(task, {}, 'pool')).pool).toMatch(/left something open: a connection/);
  });

  it('finds a timer that was forgotten', async () => {
    const timers: NodeJS.Timeout[] = [];
    const task = pooling(() => {
      timers.push(setInterval(() => {}, 1_000));
    });
    expect((await findings(task, {}, 'pool')).pool).toMatch(/left something open: .*Timeout/);
    for (const timer of timers) clearInterval(timer);
  });

  it('finds a file that was forgotten', async () => {
    const handles: { close(): Promise<void> }[] = [];
    const task = pooling(async (ctx) => {
      handles.push(await open(join(ctx.workspace, 'a.txt')));
    });
    const found = await findings(task, { context: { files: { 'a.txt': 'x' } } }, 'pool');
    expect(found.pool).toMatch(/left something open: the file a.txt/);
    for (const handle of handles) await handle.close();
  });
});
