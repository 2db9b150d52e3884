import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TaskError } from '../errors.ts';
import { createRunContext } from '../run-context.ts';
import { createTestContext, type TestContext, type TestContextOptions } from './context.ts';

const made: TestContext[] = [];
function context(options?: TestContextOptions): TestContext {
  const ctx = createTestContext(options);
  made.push(ctx);
  return ctx;
}
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(made.splice(0).map((ctx) => ctx.dispose()));
});

describe('createTestContext', () => {
  it('keeps what is logged, emitted and asked for', async () => {
    const ctx = context({ secrets: { TOKEN: 't' } });
    ctx.logger.info('started');
    ctx.logger.error('failed', { row: 3 });
    await ctx.emit('progress', { done: 1 });
    expect(await ctx.secrets('TOKEN')).toBe('t');
    await expect(ctx.secrets('OTHER')).rejects.toMatchObject({ code: 'SECRET_MISSING' });
    await expect(ctx.secrets('toString')).rejects.toMatchObject({ code: 'SECRET_MISSING' });
    expect(ctx.logs).toEqual([
      { level: 'info', message: 'started' },
      { level: 'error', message: 'failed', fields: { row: 3 } },
    ]);
    expect(ctx.events).toEqual([{ event: 'progress', payload: { done: 1 } }]);
    expect(ctx.secretsAsked).toEqual(['TOKEN', 'OTHER', 'toString']);
  });

  it('is complete, so a task takes it as it is', () => {
    const ctx = context({ runId: 'r', taskId: 't' });
    expect(createRunContext(ctx)).toBe(ctx);
    expect(ctx.idempotencyKey).toBe('r/t');
  });

  it('holds a task to its declaration, as a worker does', async () => {
    const ctx = context({ task: { name: 'tasks/x', secrets: ['A'] }, secrets: { A: 'a', B: 'b' } });
    expect(await ctx.secrets('A')).toBe('a');
    await expect(ctx.secrets('B')).rejects.toMatchObject({
      code: 'SECRET_UNDECLARED',
      message: expect.stringContaining('tasks/x') as string,
    });
    await expect(ctx.sleep(1)).rejects.toMatchObject({ code: 'TASK_NOT_DURABLE' });
    await expect(ctx.decision({ approvers: ['a'] })).rejects.toMatchObject({ code: 'TASK_NOT_DURABLE' });
    expect(ctx.secretsRefused).toEqual(['B']);
    const durable = context({ task: { durable: true } });
    await durable.sleep(5);
    expect(durable.sleeps).toEqual([5]);
  });

  it('lets a year pass in no time, and wakes sleepers in order', async () => {
    const ctx = context({ now: '2026-03-01T00:00:00Z' });
    const year = 365 * 24 * 60 * 60 * 1000;
    const woken: string[] = [];
    const sleep = async (ms: number, name: string) => {
      await ctx.sleep(ms);
      woken.push(`${name} ${(await ctx.now()) - Date.parse('2026-03-01T00:00:00Z')}`);
    };
    await Promise.all([sleep(year, 'year'), sleep(10, 'ten'), sleep(0, 'zero').then(() => sleep(5, 'five'))]);
    expect(woken).toEqual(['zero 0', 'five 5', 'ten 10', `year ${year}`]);
    expect(await ctx.now()).toBe(Date.parse('2027-03-01T00:00:00Z'));
    ctx.clock.advance(1);
    expect(await ctx.now()).toBe(Date.parse('2027-03-01T00:00:00.001Z'));
    await expect(ctx.sleep(-1)).rejects.toThrow('ms must be >= 0');
  });

  it('sleeps under somebody else’s fake timers', async () => {
    vi.useFakeTimers();
    await context().sleep(1_000);
  });

  it('ends a sleep when it is aborted', async () => {
    const ctx = context({ waits: 'hang' });
    const sleeping = ctx.sleep(1);
    ctx.abort(new Error('cancelled'));
    await expect(sleeping).rejects.toThrow('cancelled');
    await expect(ctx.sleep(1)).rejects.toThrow('cancelled');
    const controller = new AbortController();
    const outer = context({ signal: controller.signal, waits: 'hang' });
    const waiting = outer.decision({ approvers: ['a'] });
    controller.abort(new Error('outer'));
    await expect(waiting).rejects.toThrow('outer');
  });

  it('answers requests for decisions as scripted, and none after that', async () => {
    const rejected = TaskError.terminal('APPROVAL_REJECTED', 'rejected by olive');
    const ctx = context({ decisions: [[{ by: 'olive' }, { by: 'omar', role: 'ombuds', comment: 'fine' }], rejected], now: 0 });
    expect(await ctx.decision({ approvers: ['owner', 'ombuds'] })).toEqual([
      { approved: true, by: 'olive', role: 'owner', at: '1970-01-01T00:00:00.000Z' },
      { approved: true, by: 'omar', role: 'ombuds', at: '1970-01-01T00:00:00.000Z', comment: 'fine' },
    ]);
    await expect(ctx.decision({ approvers: ['owner'] })).rejects.toBe(rejected);
    await expect(ctx.decision({ approvers: ['owner'] })).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' });
    expect(ctx.decisionsAsked).toHaveLength(3);
  });

  it('has a workspace with files and a store of its own, made when they are used and removed with it', async () => {
    const ctx = createTestContext({ files: { 'in/a.txt': 'hello', b: new Uint8Array([1]) } });
    const { workspace } = ctx;
    expect(readFileSync(join(workspace, 'in', 'a.txt'), 'utf8')).toBe('hello');
    const ref = await ctx.artifacts.put('content');
    expect((await ctx.readArtifact(ref)).toString()).toBe('content');
    await ctx.dispose();
    expect(existsSync(workspace)).toBe(false);
    expect(() => createTestContext({ files: { '../x': '' } }).workspace).toThrow('leads out of the workspace');
  });

  it('leaves a workspace that it was given', async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'sdk-given-'));
    try {
      const ctx = createTestContext({ workspace });
      expect(ctx.workspace).toBe(workspace);
      await ctx.dispose();
      expect(existsSync(workspace)).toBe(true);
    } finally {
      await rm(workspace, { recursive: true });
    }
  });

  it('counts and closes pooled clients', async () => {
    const ctx = createTestContext();
    const open = async () => 'client';
    await ctx.pool('k', open, () => {});
    await ctx.pool('k', open, () => {});
    expect(ctx.pooled).toEqual([{ key: 'k', uses: 2, opened: 1, closed: false }]);
    await ctx.dispose();
    expect(ctx.pooled).toEqual([{ key: 'k', uses: 2, opened: 1, closed: true }]);
  });

  it('removes its files also when a client does not close', async () => {
    const ctx = createTestContext();
    const { workspace } = ctx;
    await ctx.pool(
      'k',
      async () => 'client',
      () => {
        throw new Error('stuck');
      },
    );
    await expect(ctx.dispose()).rejects.toThrow('"k" did not close');
    expect(existsSync(workspace)).toBe(false);
  });

  it('can be disposed of by await using', async () => {
    let workspace = '';
    {
      await using ctx = createTestContext();
      workspace = ctx.workspace;
      expect(existsSync(workspace)).toBe(true);
    }
    expect(existsSync(workspace)).toBe(false);
  });
});
