import { afterEach, describe, expect, it, vi } from 'vitest';
import { broken, type Change, type Ctx, expectOnly, findings } from '../../../../test/conformance-tasks.ts';
import { InvalidInputError, TaskError } from '../../../errors.ts';
import { createRunContext } from '../../../run-context.ts';
import type { TaskFixture } from '../model.ts';

describe('secrets', () => {
  const TOKEN = 'correct horse battery staple/+?';
  const fixture: TaskFixture = { context: { secrets: { TOKEN } } };
  const using = (use: (secret: string, ctx: Ctx) => unknown, more: Change = {}) =>
    broken({
      secrets: ['TOKEN'],
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        const secret = await ctx.secrets('TOKEN');
        await use(secret, ctx);
        return { payload };
      },
      ...more,
    });

  it('passes a task that keeps it', async () => {
    expect(
      await findings(
        using(() => {}),
        fixture,
      ),
    ).toEqual({});
  });

  it.each<[string, (secret: string, ctx: Ctx) => unknown, RegExp]>([
    ['in a log line', (secret, ctx) => ctx.logger.info(`using ${secret}`), /TOKEN in log line 1/],
    ['in a log field', (secret, ctx) => ctx.logger.error('x', { deep: [{ secret }] }), /TOKEN in log line 1/],
    ['in the name of a log field', (secret, ctx) => ctx.logger.error('x', { [secret]: 1 }), /TOKEN in log line 1/],
    ['in an event', (secret, ctx) => ctx.emit('sent', { secret }), /TOKEN in the event "sent"/],
    ['in the name of an event', (secret, ctx) => ctx.emit(secret, {}), /TOKEN in the event "\[secret\]"/],
    ['in a URL', (secret, ctx) => ctx.logger.info(`?q=${encodeURIComponent(secret)}`), /TOKEN in log line 1/],
    ['in base64', (secret, ctx) => ctx.logger.info(Buffer.from(`user:${secret}@x`).toString('base64')), /TOKEN in log line 1/],
    ['in base64url', (secret, ctx) => ctx.logger.info(Buffer.from(`xx${secret}`).toString('base64url')), /TOKEN in log line 1/],
    ['in hex', (secret, ctx) => ctx.logger.info(Buffer.from(secret).toString('hex')), /TOKEN in log line 1/],
    [
      'in a pool key',
      (secret, ctx) =>
        ctx.pool(
          `client ${secret}`,
          async () => 1,
          () => {},
        ),
      /TOKEN in a pool key/,
    ],
    ['on stderr', (secret) => process.stderr.write(`${secret}\n`), /TOKEN in the console/],
  ])('finds one %s', async (_, use, message) => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const found = await findings(using(use), { ...fixture, optOut: { 'dry-run': 'about secrets' } });
    expect(found.secrets).toMatch(message);
    expect(found.secrets).not.toContain(TOKEN);
    expect(Object.keys(found)).toEqual(['secrets']);
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('finds one in the output', async () => {
    const task = using(() => {}, {
      execute: async (given) => ({ payload: { text: `x${await createRunContext(given).secrets('TOKEN')}` } }),
      examples: [{ title: 'x', input: { text: 'a' } }],
    });
    await expectOnly('secrets', /TOKEN in the output/, task, { ...fixture, payload: () => ({ text: 'a' }) });
  });

  it.each<[string, (secret: string) => unknown]>([
    ['message', (secret) => new Error(`401 for ${secret}`)],
    ['details', (secret) => TaskError.terminal('X', 'refused', { details: { headers: { authorization: secret } } })],
    ['cause', (secret) => new Error('outer', { cause: new Error('middle', { cause: new Error(secret) }) })],
    ['list of errors', (secret) => new AggregateError([new Error(secret)], 'all')],
    ['properties', (secret) => Object.assign(new Error('x'), { config: { headers: new Map([['authorization', secret]]) } })],
    ['text, being no error at all', (secret) => secret],
  ])('finds one in the %s of an error', async (_, make) => {
    const task = using((secret, ctx) => {
      if (ctx.runId === 'failing') throw make(secret);
    });
    const failing = using(() => {}, {
      execute: async (given, input) => {
        const ctx = createRunContext(given);
        if (input.payload.text === 'fail') throw make(await ctx.secrets('TOKEN'));
        return task.execute(ctx, input);
      },
    });
    await expectOnly('secrets', /TOKEN in the error/, failing, { ...fixture, failing: () => [{ text: 'fail' }] });
  });

  it('finds a secret that is not declared', async () => {
    const found = await findings(
      using(() => {}, { secrets: [] }),
      fixture,
    );
    expect(found.secrets).toMatch(/asks for TOKEN, which it does not declare/);
  });

  it('finds a declared secret that nobody asks for', async () => {
    await expectOnly(
      'secrets',
      /declares OTHER, but no call asked for it/,
      using(() => {}, { secrets: ['TOKEN', 'OTHER'] }),
      fixture,
    );
  });

  it('finds a secret too short to be found, and failing calls that succeed', async () => {
    await expectOnly(
      'secrets',
      /secret TOKEN is too short/,
      using(() => {}),
      { context: { secrets: { TOKEN: 'abc' } } },
    );
    await expectOnly(
      'secrets',
      /input 0 of the fixture's failing resolved to/,
      using(() => {}),
      { ...fixture, failing: () => [{ text: 'a' }] },
    );
    await expectOnly(
      'secrets',
      /failing gives no input/,
      using(() => {}),
      { ...fixture, failing: () => [] },
    );
  });

  it('leaves the console as it was', async () => {
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const before = [console.log, process.stdout.write, process.stderr.write];
    await findings(
      using((secret) => process.stderr.write(`${secret}\n`)),
      fixture,
    );
    expect([console.log, process.stdout.write, process.stderr.write]).toEqual(before);
  });
});
