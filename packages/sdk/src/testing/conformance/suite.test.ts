import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { broken, echo, expectOnly, findings, until, webServer } from '../../../test/conformance-tasks.ts';
import { InvalidInputError } from '../../errors.ts';
import { createRunContext } from '../../run-context.ts';
import type { TaskFixture } from './model.ts';
import { conformanceSuite, describeConformance } from './suite.ts';

const web = webServer();

describe('a task that conforms', () => {
  it('passes', async () => {
    expect(await findings(echo)).toEqual({});
  });

  it('passes when it is durable and waits', async () => {
    const task = broken({
      durable: true,
      execute: async (ctx, { payload }) => {
        await createRunContext(ctx).sleep(60_000);
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        return { payload };
      },
    });
    expect(await findings(task)).toEqual({});
  });

  it('passes when it reads over HTTP with a pooled client and a secret', async () => {
    const task = broken({
      effect: 'read',
      secrets: ['TOKEN'],
      examples: [{ title: 'one word', input: { text: 'a' } }],
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        ctx.signal.throwIfAborted();
        const headers = { authorization: `Bearer ${await ctx.secrets('TOKEN')}` };
        const target = await ctx.pool(
          'http',
          async () => web.url,
          () => {},
        );
        const response = await fetch(target + payload.text, { headers, signal: ctx.signal });
        return { payload: { text: await response.text() } };
      },
    });
    const fixture: TaskFixture = {
      payload: () => ({ text: '/fine' }),
      effects: () => 'nothing here changes',
      stuck: () => {
        const before = web.requests;
        return { payload: { text: '/never' }, started: until(() => web.requests > before) };
      },
    };
    expect(await findings(task, fixture)).toEqual({});
  });

  it('passes when it writes a file in one step', async () => {
    const task = broken({
      effect: 'write',
      resources: () => [{ type: 'file', id: 'out.txt' }],
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        ctx.signal.throwIfAborted();
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        writeFileSync(join(ctx.workspace, 'out.txt'), payload.text);
        return { payload };
      },
    });
    expect(await findings(task)).toEqual({});
  });
});

describe('bare-context', () => {
  it('finds a task that relies on a worker', async () => {
    const task = broken({
      execute: async (ctx, { payload }) => {
        ctx.logger.info('hello');
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        return { payload };
      },
    });
    await expectOnly('bare-context', /failed with TypeError: .*begin execute with createRunContext\(ctx\)/, task);
  });
});

describe('the suite', () => {
  it('says in the name what was not checked, and why', async () => {
    const cases = conformanceSuite([echo], { tasks: { 'tasks/echo': { optOut: { abort: 'waits for nobody' } } } });
    const skipped = cases.filter(({ optedOut }) => optedOut !== undefined);
    expect(skipped.map(({ rule }) => rule)).toEqual(['abort', 'abort']);
    expect(skipped[0]?.name).toContain('(not checked: waits for nobody)');
  });

  it.each<[string, () => unknown, RegExp]>([
    ['an empty catalog', () => conformanceSuite([]), /the catalog is empty/],
    [
      'a fixture for nobody',
      () => conformanceSuite([echo], { tasks: { 'tasks/ehco': {} } }),
      /"tasks\/ehco", which is not in the catalog \(tasks\/echo@0.1.0\)/,
    ],
    [
      'an opt-out without reason',
      () => conformanceSuite([echo], { tasks: { 'tasks/echo': { optOut: { abort: ' ' } } } }),
      /without a reason/,
    ],
    [
      'an opt-out of what cannot be',
      () => conformanceSuite([echo], { tasks: { 'tasks/echo': { optOut: { schemas: 'x' } as never } } }),
      /opts out of "schemas"/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'CONFORMANCE_OPTIONS_INVALID', message: expect.stringMatching(message) as string }),
    );
  });

  it('finds the fixture of one version', async () => {
    const old = broken({ version: '0.0.9' });
    const cases = conformanceSuite([echo, old], { tasks: { 'tasks/echo@0.0.9': { optOut: { pool: 'old' } } } });
    expect(cases.filter(({ optedOut }) => optedOut).map(({ task }) => task)).toEqual(['tasks/echo@0.0.9']);
  });

  it('prepares every call', async () => {
    const prepared: string[] = [];
    const task = broken({
      effect: 'read',
      execute: async (given, { payload }) => {
        const ctx = createRunContext(given);
        ctx.signal.throwIfAborted();
        return { payload: { text: await readFile(join(ctx.workspace, payload.text), { encoding: 'utf8', signal: ctx.signal }) } };
      },
      examples: [{ title: 'a file', input: { text: 'a' }, output: { text: 'content of a' } }],
    });
    const found = await findings(task, {
      prepare(ctx, payload) {
        const name = (payload as { text: string }).text;
        prepared.push(name);
        writeFileSync(join(ctx.workspace, name), `content of ${name}`);
      },
    });
    expect(found).toEqual({});
    expect(prepared.length).toBeGreaterThan(5);
  });

  it('declares its cases to a test framework', async () => {
    const declared: [string, string][] = [];
    let group = '';
    describeConformance([echo], {
      describe: (name, body) => {
        group = name;
        body();
      },
      it: (name) => declared.push([group, name]),
    });
    expect(declared).toHaveLength(conformanceSuite([echo]).length);
    expect(declared[0]).toEqual(['catalog', 'declaration: has no two tasks with the same name and version']);
  });
});

describeConformance([echo], { describe, it });
