import { type RunContext, TaskError } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConnectionSpec, connection } from './pooled.ts';

interface Client {
  id: number;
  open: boolean;
  well: boolean;
}

function server() {
  const clients: Client[] = [];
  const spec = (over: Partial<ConnectionSpec<Client>> = {}): ConnectionSpec<Client> => ({
    kind: 'toy',
    config: { host: 'a', password: 'hunter-two' },
    async open() {
      const client = { id: clients.length + 1, open: true, well: true };
      clients.push(client);
      return client;
    },
    close(client) {
      client.open = false;
    },
    healthy: ({ well }) => well,
    connectTimeoutMs: 1_000,
    late: (ms) => TaskError.transient('TOY_UNREACHABLE', `no toy within ${ms} ms`),
    ...over,
  });
  const use = async (ctx: RunContext, over?: Partial<ConnectionSpec<Client>>, signal = ctx.signal) =>
    (await connection(ctx, spec(over))).use(signal, async ({ id }) => id);
  return { clients, spec, use };
}

afterEach(() => vi.useRealTimers());

describe('a pooled connection', () => {
  it('is opened once per configuration, whose secrets are not in its key', async () => {
    const { clients, use } = server();
    await using ctx = createTestContext();
    expect(await Promise.all([use(ctx), use(ctx), use(ctx, { config: { host: 'b' } })])).toEqual([1, 1, 2]);
    expect(await use(ctx)).toBe(1);
    expect(ctx.pooled.map(({ key }) => key).join()).toMatch(/^toy:[0-9a-f]{64},toy:[0-9a-f]{64}$/);
    await ctx.closeClients();
    expect(clients.map(({ open }) => open)).toEqual([false, false]);
  });

  it('is checked after a rest, and replaced when it is not well', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const { clients, use } = server();
    await using ctx = createTestContext();
    await use(ctx);
    vi.advanceTimersByTime(31_000);
    expect(await use(ctx)).toBe(1);
    (clients[0] as Client).well = false;
    expect(await use(ctx)).toBe(1);
    vi.advanceTimersByTime(31_000);
    expect(await use(ctx)).toBe(2);
    expect(clients.map(({ open }) => open)).toEqual([false, true]);
  });

  it('is closed when nobody uses it any more, and opened again', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const { clients, use } = server();
    await using ctx = createTestContext();
    await use(ctx);
    await vi.advanceTimersByTimeAsync(5 * 60_000 + 1);
    expect(clients[0]?.open).toBe(false);
    expect(await use(ctx)).toBe(2);
  });

  it('that broke stays open for those who still use it, and the next gets another', async () => {
    const { clients, spec } = server();
    await using ctx = createTestContext();
    const pooled = await connection(ctx, spec());
    let finish = () => {};
    const long = pooled.use(ctx.signal, ({ id }) => new Promise<number>((resolve) => (finish = () => resolve(id))));
    const failing = pooled.use(
      ctx.signal,
      () => Promise.reject(new Error('cut')),
      () => true,
    );
    await expect(failing).rejects.toThrow('cut');
    expect(clients[0]?.open).toBe(true);
    expect(await pooled.use(ctx.signal, async ({ id }) => id)).toBe(2);
    finish();
    expect(await long).toBe(1);
    expect(clients.map(({ open }) => open)).toEqual([false, true]);
  });

  it('that broke and cannot be closed leaves the error of the call as it is', async () => {
    const { spec } = server();
    await using ctx = createTestContext();
    const unclosable = spec({
      close() {
        throw new Error('already closed');
      },
    });
    const pooled = await connection(ctx, unclosable);
    await expect(
      pooled.use(
        ctx.signal,
        () => Promise.reject(new Error('cut')),
        () => true,
      ),
    ).rejects.toThrow('cut');
  });

  it('that does not come about in time is an error, and closed should it come about later', async () => {
    const { clients, spec, use } = server();
    await using ctx = createTestContext();
    let arrive = () => {};
    const slow = {
      connectTimeoutMs: 20,
      open: () => new Promise<Client>((resolve) => (arrive = () => void spec().open(new AbortController().signal).then(resolve))),
    };
    await expect(use(ctx, slow)).rejects.toMatchObject({ code: 'TOY_UNREACHABLE', message: 'no toy within 20 ms' });
    arrive();
    await vi.waitFor(() => expect(clients[0]?.open).toBe(false));
  });

  it('is not waited for by a call that is aborted, but stays for the others', async () => {
    const { spec, use } = server();
    await using ctx = createTestContext();
    let arrive = () => {};
    const slow = { open: () => new Promise<Client>((resolve) => (arrive = () => void spec().open(ctx.signal).then(resolve))) };
    const controller = new AbortController();
    const aborted = use(ctx, slow, controller.signal);
    const patient = use(ctx, slow);
    await vi.waitFor(() => expect(ctx.pooled[0]?.uses).toBe(2));
    controller.abort(new Error('cancelled'));
    await expect(aborted).rejects.toThrow('cancelled');
    arrive();
    expect(await patient).toBe(1);
  });

  it('failing to open is told to all who waited, and tried again by the next', async () => {
    const { use } = server();
    await using ctx = createTestContext();
    const refused = { open: () => Promise.reject(new Error('refused')) };
    await expect(use(ctx, refused)).rejects.toThrow('refused');
    await expect(use(ctx, refused)).rejects.toThrow('refused');
  });
});
