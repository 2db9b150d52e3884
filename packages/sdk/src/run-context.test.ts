import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RunContext } from './context.ts';
import { createRunContext, hasLocalPool } from './run-context.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('createRunContext', () => {
  it('fills everything a context has, for an empty one, null and nothing', () => {
    for (const given of [{} as RunContext, null, undefined]) {
      const ctx = createRunContext(given);
      expect(ctx).toMatchObject({ namespace: 'default', attempt: 1, dryRun: false, initiator: { id: 'local', roles: [] } });
      expect(ctx.runId).toMatch(/^local-/);
      expect(ctx.idempotencyKey).toBe(`${ctx.runId}/task`);
      expect(ctx.correlation).toEqual({ runId: ctx.runId, taskId: 'task' });
      expect(ctx.signal.aborted).toBe(false);
      expect('policy' in ctx).toBe(false);
      expect('signer' in ctx).toBe(false);
    }
    expect(createRunContext().runId).not.toBe(createRunContext().runId);
  });

  it('says nothing, emits nowhere, and has no secrets', async () => {
    const write = vi.spyOn(process.stderr, 'write');
    const ctx = createRunContext({});
    ctx.logger.info('x');
    ctx.logger.error('y', { a: 1 });
    await ctx.emit('event', {});
    expect(write).not.toHaveBeenCalled();
    await expect(ctx.secrets('SLACK_BOT_TOKEN')).rejects.toMatchObject({
      code: 'SECRET_MISSING',
      retryable: false,
      message: expect.stringContaining('SLACK_BOT_TOKEN') as string,
    });
  });

  it('has nobody who would approve', async () => {
    await expect(createRunContext({}).decision({ approvers: ['owner', 'ombuds'] })).rejects.toMatchObject({
      code: 'APPROVAL_REQUIRED',
      message: expect.stringMatching(/^Approval required by owner, ombuds/) as string,
    });
  });

  it('keeps artifacts, which any other such context of the process can read', async () => {
    const ref = await createRunContext({}).artifacts.put('hello', { name: 'a.txt', contentType: 'text/plain' });
    expect(ref).toMatchObject({ size: 5, name: 'a.txt', contentType: 'text/plain' });
    expect(await textOf(createRunContext({}).artifacts.open(ref))).toBe('hello');
  });

  it('reads the current folder when it is asked for', () => {
    const ctx = createRunContext({});
    vi.spyOn(process, 'cwd').mockReturnValue('/somewhere/else');
    expect(ctx.workspace).toBe('/somewhere/else');
  });

  it('shares a client by key, opened once', async () => {
    const ctx = createRunContext({});
    let opened = 0;
    const open = async () => ++opened;
    expect(await Promise.all([ctx.pool('k', open, () => {}), ctx.pool('k', open, () => {})])).toEqual([1, 1]);
    // Each call without a worker may come with a context of its own.
    expect(await createRunContext({}).pool('k', open, () => {})).toBe(1);
    expect([hasLocalPool(ctx), hasLocalPool(createRunContext({ pool: async (_, open) => open() }))]).toEqual([true, false]);
  });

  it('sleeps real time, until its signal is aborted', async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const ctx = createRunContext({ signal: controller.signal });
    const sleeping = ctx.sleep(10_000);
    controller.abort(new Error('cancelled'));
    await expect(sleeping).rejects.toThrow('cancelled');
    // The signal of a context made from this one is another one.
    const other = new AbortController();
    const derived = { ...createRunContext({}), signal: other.signal };
    const second = createRunContext(derived).sleep(10_000);
    other.abort(new Error('other'));
    await expect(second).rejects.toThrow('other');
    const { sleep } = createRunContext({});
    const third = sleep(5);
    await vi.advanceTimersByTimeAsync(5);
    await expect(third).resolves.toBeUndefined();
  });

  it('tells the time', async () => {
    vi.useFakeTimers({ now: 1_234 });
    expect(await createRunContext({}).now()).toBe(1_234);
  });

  describe('with what it is given', () => {
    it('lets that win, and derives the rest from it', () => {
      const ctx = createRunContext({ runId: 'r1', taskId: 'publish', policy: { purpose: 'p', authority: 'a', license: 'l' } });
      expect(ctx.idempotencyKey).toBe('r1/publish');
      expect(ctx.correlation).toEqual({ runId: 'r1', taskId: 'publish' });
      expect(ctx.policy).toEqual({ purpose: 'p', authority: 'a', license: 'l' });
    });

    it('treats undefined as missing', () => {
      const ctx = createRunContext({ attempt: undefined, signal: undefined } as unknown as RunContext);
      expect(ctx.attempt).toBe(1);
      expect(ctx.signal.aborted).toBe(false);
    });

    it('reads getters when they are read, and not before', () => {
      let reads = 0;
      const given = {
        get workspace() {
          reads += 1;
          return `/w${reads}`;
        },
        get runId() {
          return undefined as unknown as string;
        },
      };
      const ctx = createRunContext(given);
      expect(reads).toBe(0);
      expect(ctx.workspace).toBe('/w1');
      expect(ctx.runId).toMatch(/^local-/);
    });

    it('calls methods of a class on the instance that has their state', async () => {
      class Context {
        readonly #vault = new Map([['K', 'v']]);
        attempt = 3;
        asked = 0;
        async secrets(key: string) {
          this.asked += 1;
          return this.#vault.get(key) ?? 'none';
        }
        get workspace() {
          return [...this.#vault.keys()].join();
        }
      }
      class Derived extends Context {
        override async secrets(key: string) {
          return `derived ${await super.secrets(key)}`;
        }
      }
      const given = new Derived();
      const { secrets, workspace, attempt } = createRunContext(given);
      expect(await secrets('K')).toBe('derived v');
      expect(given.asked).toBe(1);
      expect(workspace).toBe('K');
      expect(attempt).toBe(3);
    });

    it('accepts frozen objects, objects without prototype and proxies', () => {
      expect(createRunContext(Object.freeze({ attempt: 2 })).attempt).toBe(2);
      expect(createRunContext(Object.assign(Object.create(null) as object, { attempt: 2 })).attempt).toBe(2);
      expect(createRunContext(new Proxy({ attempt: 2 }, {})).attempt).toBe(2);
    });

    it('keeps properties it does not know', () => {
      expect(createRunContext({ extra: 1 } as Partial<RunContext>)).toMatchObject({ extra: 1 });
    });

    it('can be spread, changed and assigned to', () => {
      const ctx = createRunContext({});
      expect({ ...ctx, dryRun: true }).toMatchObject({ runId: ctx.runId, dryRun: true, namespace: 'default' });
      ctx.workspace = '/mine';
      expect(ctx.workspace).toBe('/mine');
    });

    it('returns a context that lacks nothing as it is', () => {
      const ctx = createRunContext({});
      expect(createRunContext(ctx)).toBe(ctx);
      const plain: RunContext = { ...ctx };
      expect(createRunContext(plain)).toBe(plain);
      class Complete {}
      Object.assign(Complete.prototype, plain);
      const instance = new Complete() as RunContext;
      expect(createRunContext(instance)).toBe(instance);
    });

    it('refuses what is no object', () => {
      expect(() => createRunContext('ctx' as unknown as RunContext)).toThrow('context: expected an object, found string');
    });
  });
});
