import { writeFileSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { InvalidInputError, TaskError } from '../../errors.ts';
import { createRunContext } from '../../run-context.ts';
import { Type } from '../../schema.ts';
import { type DeclaredTask, defineTask } from '../../task.ts';
import type { ConformanceRule, TaskFixture } from './model.ts';
import { conformanceSuite, describeConformance } from './suite.ts';

const text = Type.String({ description: 'what to say' });

/** A task that conforms; every broken one below differs from it in one thing. */
const echo = defineTask({
  name: 'tasks/echo',
  version: '0.1.0',
  title: 'Echo',
  description: 'Says it again',
  examples: [
    { title: 'one word', input: { text: 'a' }, output: { text: 'a' } },
    { title: 'nothing to say', input: { text: '' }, error: 'NOTHING_TO_SAY' },
  ],
  effect: 'none',
  input: Type.Object({ text }, { additionalProperties: false }),
  output: Type.Object({ text }, { additionalProperties: false }),
  execute: async (_ctx, { payload }) => {
    if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
    return { payload: { text: payload.text } };
  },
});

type Change = Omit<Partial<DeclaredTask>, 'execute'> & { execute?: (ctx: Ctx, input: { payload: { text: string } }) => Promise<unknown> };
type Ctx = Parameters<DeclaredTask['execute']>[0];

function broken(change: Change): DeclaredTask {
  return { ...echo, ...change } as unknown as DeclaredTask;
}

/** What the suite finds: the messages of the cases that fail, by rule. */
async function findings(
  task: DeclaredTask,
  fixture?: TaskFixture,
  only?: ConformanceRule,
): Promise<Partial<Record<ConformanceRule, string>>> {
  const found: Partial<Record<ConformanceRule, string>> = {};
  const options = { timeoutMs: 1_000, promptMs: 250, ...(fixture === undefined ? {} : { tasks: { [task.name]: fixture } }) };
  for (const each of conformanceSuite([task], options)) {
    if (only !== undefined && each.rule !== only) continue;
    await each.run().catch((error: Error) => {
      found[each.rule] = `${found[each.rule] ?? ''}${error.message}\n`;
    });
  }
  return found;
}

/** Asserts that a task breaks exactly this rule, and is told so in these words. */
async function expectOnly(rule: ConformanceRule, message: RegExp, task: DeclaredTask, fixture?: TaskFixture): Promise<void> {
  const found = await findings(task, fixture);
  expect(found[rule]).toMatch(message);
  expect(Object.keys(found)).toEqual([rule]);
}

let server: Server;
let url: string;
let requests = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    if (request.url !== '/never') response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

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
          async () => url,
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
        const before = requests;
        return { payload: { text: '/never' }, started: until(() => requests > before) };
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

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}

describe('declaration', () => {
  it.each<[string, Change, RegExp]>([
    ['a malformed name', { name: 'Echo' }, /name: /],
    ['a malformed version', { version: '1' }, /version: /],
    ['no title', { title: '' }, /title: /],
    ['no description', { description: ' ' }, /description: /],
    ['a retry without attempts', { retry: {} as never }, /retry.maxAttempts/],
    ['a secret listed twice', { secrets: ['TOKEN', 'TOKEN'] }, /TOKEN is listed twice/],
  ])('finds %s', async (_, change, message) => {
    const found = await findings(broken(change), undefined, 'declaration');
    expect(found.declaration).toMatch(message);
  });

  it('finds two tasks with one name and version, or one title', async () => {
    const failures = async (tasks: DeclaredTask[]) => {
      const results = await Promise.allSettled(
        conformanceSuite(tasks)
          .filter(({ task }) => task === 'catalog')
          .map(({ run }) => run()),
      );
      return results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    };
    expect(await failures([echo, broken({ title: 'Other' })])).toEqual([
      expect.stringContaining('same name and version, "tasks/echo@0.1.0"'),
    ]);
    expect(await failures([echo, broken({ name: 'tasks/other', title: 'echo' })])).toEqual([expect.stringContaining('same title, "echo"')]);
    expect(await failures([echo, broken({ version: '0.2.0' })])).toEqual([]);
  });

  it.each([null, undefined, {}, { name: 'tasks/x' }])('finds that %j is no task, without calling it', async (task) => {
    const cases = conformanceSuite([task as unknown as DeclaredTask]).filter((each) => each.task !== 'catalog');
    expect(cases).toHaveLength(1);
    await expect(cases[0]?.run()).rejects.toThrow(/expected a/);
  });
});

describe('schemas', () => {
  const inputOf = (schema: object) => broken({ input: schema, examples: [] });
  it.each<[string, object, RegExp]>([
    ['an unknown keyword', { type: 'object', propertees: {} }, /input is not a valid JSON Schema: .*propertees/],
    ['an unknown type', { type: 'objekt' }, /input is not a valid JSON Schema/],
    ['an unknown format', { type: 'string', format: 'datetime' }, /unknown format "datetime"/],
    [
      'a default that is never used',
      { type: 'object', anyOf: [{ properties: { a: { type: 'string', description: 'a', default: 'x' } } }] },
      /default is ignored/,
    ],
    ['a reference to nothing', { $ref: '#/$defs/none' }, /can't resolve reference/],
    ['a number that is none', { type: 'number', maximum: Number.NaN }, /input is not plain JSON/],
    ['a property without description', Type.Object({ a: Type.String() }), /no description: input\/properties\/a/],
    [
      'a nested property without description',
      Type.Object({ a: Type.Array(Type.Object({ 'b/c': Type.String() }), { description: 'a' }) }),
      /input\/properties\/a\/items\/properties\/b~1c/,
    ],
    [
      'one in an alternative',
      { anyOf: [{ type: 'object', properties: { a: { type: 'string', description: ' ' } } }] },
      /input\/anyOf\/0\/properties\/a/,
    ],
    ['one in a definition', { $defs: { d: { type: 'object', properties: { a: {} } } } }, /input\/\$defs\/d\/properties\/a/],
  ])('finds %s', async (_, schema, message) => {
    expect((await findings(inputOf(schema), {}, 'schemas')).schemas).toMatch(message);
  });

  it('accepts a description beside, behind a reference, and once for all alternatives', async () => {
    const schema = {
      type: 'object',
      $defs: { word: { type: 'string', description: 'a word' } },
      properties: { text: { $ref: '#/$defs/word' }, loud: { type: 'boolean', description: 'how' } },
      anyOf: [{ properties: { loud: { const: true } }, required: ['loud'] }, { required: ['text'] }],
    };
    expect(await findings(broken({ input: schema }))).toEqual({});
  });

  it.each<[string, unknown[], RegExp]>([
    ['no example', [], /there is no example/],
    [
      'an example that does not fit the input',
      [{ title: 'x', input: { text: 1 }, output: { text: 'a' } }],
      /example "x": .*\/text must be string/,
    ],
    ['an example that does not fit the output', [{ title: 'x', input: { text: 'a' }, output: { txet: 'a' } }], /output does not fit/],
    [
      'two examples with one title',
      [
        { title: 'x', input: { text: 'a' }, output: { text: 'a' } },
        { title: 'x', input: { text: 'b' } },
      ],
      /two examples are called "x"/,
    ],
  ])('finds %s', async (_, examples, message) => {
    expect((await findings(broken({ examples: examples as DeclaredTask['examples'] }), {}, 'schemas')).schemas).toMatch(message);
  });
});

describe('examples', () => {
  const only = (examples: unknown[]) => broken({ examples: examples as DeclaredTask['examples'] });
  const good = echo.examples[0];
  it('finds an output that is another one', async () => {
    await expectOnly(
      'examples',
      /resolved to \{"text":"a"\}; expected \{"text":"b"\}/,
      only([{ title: 'x', input: { text: 'a' }, output: { text: 'b' } }]),
    );
  });
  it('finds an error that is another one, or does not come', async () => {
    await expectOnly(
      'examples',
      /failed with NOTHING_TO_SAY: .*expected the error OTHER/,
      only([good, { title: 'x', input: { text: '' }, error: 'OTHER' }]),
    );
    await expectOnly(
      'examples',
      /resolved to .*expected the error OTHER/,
      only([good, { title: 'x', input: { text: 'a' }, error: 'OTHER' }]),
    );
  });
});

describe('execute', () => {
  it.each<[string, Change['execute'], RegExp]>([
    ['resolves to nothing', async () => undefined, /resolved to nothing; expected \{ payload \}/],
    ['forgets the envelope', async (_, { payload }) => payload, /resolved to nothing/],
    [
      'resolves to something else than it says',
      async () => ({ payload: { text: 7 } }),
      /output does not fit the output schema: \/text must be string/,
    ],
    ['resolves to a date', async () => ({ payload: { text: new Date() } }), /no JSON: \/text is a Date/],
    ['resolves to NaN', async () => ({ payload: [Number.NaN] }), /no JSON: \/0 is NaN/],
    ['resolves to too much', async () => ({ payload: { text: 'x'.repeat(300_000) } }), /above 262144 write an artifact/],
    ['throws', async () => Promise.reject(new Error('broken')), /failed with Error: broken/],
    ['never ends', () => new Promise(() => {}), /did not end within 1000 ms/],
    ['throws a string', async () => Promise.reject('broken'), /threw "broken", which is not an Error/],
  ])('finds a task that %s', async (_, execute, message) => {
    const found = await findings(
      broken({ ...(execute === undefined ? {} : { execute }), examples: [{ title: 'x', input: { text: 'a' }, output: { text: 'a' } }] }),
      {},
      'execute',
    );
    expect(found.execute).toMatch(message);
  });

  it('finds a task that changes its input', async () => {
    const task = broken({
      execute: async (_, { payload }) => {
        if (payload.text === '') throw new InvalidInputError('nothing to say', { code: 'NOTHING_TO_SAY' });
        const { text: said } = payload;
        payload.text = 'changed';
        return { payload: { text: said } };
      },
    });
    await expectOnly('execute', /changed its input.*\{"text":"changed"\}/, task);
  });

  it('finds resources that are none', async () => {
    await expectOnly('execute', /resources: expected a list of \{ type, id \}/, broken({ resources: () => [{ type: '', id: 'x' }] }), {
      optOut: { 'dry-run': 'about execute' },
    });
  });

  it('finds a task it cannot call', async () => {
    const found = await findings(broken({ examples: [{ title: 'x', input: { text: 'a' } }] }));
    for (const rule of ['execute', 'bare-context', 'abort', 'secrets', 'dry-run', 'pool'] as const) {
      expect(found[rule]).toMatch(/cannot be checked: no example has an output/);
    }
  });

  it('finds a fixture that gives an input that does not fit', async () => {
    expect((await findings(echo, { payload: () => ({}) })).execute).toMatch(/input does not fit the input schema: .*'text'/);
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

describe('pure', () => {
  const optOut = { execute: 'about pure', 'dry-run': 'about pure', examples: 'about pure', 'bare-context': 'about pure' };
  const pure = (execute: NonNullable<Change['execute']>) => broken({ pure: () => true, execute });

  it('finds a call that gives something else the second time', async () => {
    let calls = 0;
    const task = pure(async () => ({ payload: { text: `${calls++}` } }));
    await expectOnly('pure', /gave .* and then .* for/, task, { optOut });
  });

  it('finds one that uses more than its payload', async () => {
    const task = pure(async (given, { payload }) => {
      await createRunContext(given).emit('seen', payload);
      return { payload };
    });
    await expectOnly('pure', /uses ctx\.emit, which may be another/, task, { optOut });
  });

  it('cannot be told of a task without an example that is pure', async () => {
    await expectOnly('pure', /true for the input of none of its examples/, broken({ pure: () => false }));
  });
});

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
    const task = broken({ execute: slow(async () => fetch(`${url}/fine`)), effect: 'read' });
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
      doing('none', (ctx) => fetch(url, { signal: ctx.signal }).then((response) => response.text())),
      { optOut },
    );
  });

  it('does not take silence for proof', async () => {
    await expectOnly(
      'dry-run',
      /cannot be checked: it talks to something outside/,
      doing('read', (ctx) => fetch(url, { signal: ctx.signal }).then((response) => response.text())),
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
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => resolve(socket));
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
