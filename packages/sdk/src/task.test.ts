import { describe, expect, expectTypeOf, it } from 'vitest';
import { connectorTask, defineConnector } from './connector.ts';
import type { RunContext } from './context.ts';
import { createRunContext } from './run-context.ts';
import { Type } from './schema.ts';
import { type DeclaredTask, defineTask, type TaskInput } from './task.ts';

const declaration = {
  name: 'connectors/echo.send',
  version: '0.1.0',
  title: 'Echo',
  description: 'Says it again',
  examples: [{ title: 'one word', input: { text: 'a' }, output: { count: 1 } }],
  effect: 'write' as const,
  input: Type.Object({ text: Type.String({ description: 'what' }), loud: Type.Optional(Type.Boolean({ description: 'how' })) }),
  output: Type.Object({ count: Type.Integer({ description: 'how often' }) }),
};

describe('defineTask', () => {
  it('infers the types of a declared task from its schemas', async () => {
    const task = defineTask({
      ...declaration,
      resources: (payload) => {
        expectTypeOf(payload).toEqualTypeOf<{ text: string; loud?: boolean }>();
        return [{ type: 'echo', id: payload.text }];
      },
      validate: ({ payload }) => {
        expectTypeOf(payload.text).toEqualTypeOf<string>();
      },
      execute: async (ctx, { payload }) => {
        expectTypeOf(ctx).toEqualTypeOf<RunContext>();
        expectTypeOf(payload.loud).toEqualTypeOf<boolean | undefined>();
        return { payload: { count: payload.text.length } };
      },
    });
    const result = await task.execute({} as RunContext, { payload: { text: 'abc' } });
    expectTypeOf(result.payload).toEqualTypeOf<{ count: number }>();
    expect(result).toEqual({ payload: { count: 3 } });
    const catalog: readonly DeclaredTask[] = [task];
    expect(catalog).toHaveLength(1);

    const wrong = () => {
      // @ts-expect-error text is a string
      void task.execute({} as RunContext, { payload: { text: 1 } });
      // @ts-expect-error text is missing
      void task.execute({} as RunContext, { payload: {} });
      // @ts-expect-error count is a number
      defineTask({ ...declaration, execute: async () => ({ payload: { count: 'three' } }) });
      // @ts-expect-error an example must fit the input
      defineTask({ ...declaration, examples: [{ title: 'x', input: { text: 1 } }], execute: async () => ({ payload: { count: 1 } }) });
      // @ts-expect-error resources are { type, id }
      defineTask({ ...declaration, resources: () => ['x'], execute: async () => ({ payload: { count: 1 } }) });
      // @ts-expect-error a task with schemas declares itself
      defineTask({ input: declaration.input, output: declaration.output, execute: async () => ({ payload: { count: 1 } }) });
    };
    expect(wrong).toBeTypeOf('function');
  });

  it('takes bare types without any schema', async () => {
    const task = defineTask<{ ms: number }, { slept: number }>({
      validate: ({ payload }: TaskInput<{ ms: number }>) => {
        if (payload.ms < 0) throw new Error('ms must be >= 0');
      },
      execute: async (_ctx, { payload }) => ({ payload: { slept: payload.ms } }),
    });
    expect(await task.execute({} as RunContext, { payload: { ms: 1 } })).toEqual({ payload: { slept: 1 } });
    expect(() => task.validate?.({ payload: { ms: -1 } })).toThrow('ms must be >= 0');
    expectTypeOf(task.execute).returns.resolves.toEqualTypeOf<{ payload: { slept: number } }>();

    // @ts-expect-error slept is a number
    defineTask<{ ms: number }, { slept: number }>({ execute: async () => ({ payload: { slept: 'long' } }) });
    // @ts-expect-error execute is missing
    defineTask<{ ms: number }, { slept: number }>({});
  });
});

describe('connectors', () => {
  interface Cfg {
    prefix: string;
  }
  const sent: string[] = [];
  const echo = defineConnector<{ text: string; loud?: boolean }, { count: number }, Cfg>({
    async send(ctx, { payload }, cfg) {
      expectTypeOf(ctx).toEqualTypeOf<RunContext>();
      expectTypeOf(cfg).toEqualTypeOf<Cfg | undefined>();
      sent.push(`${cfg?.prefix}${payload.text} ${ctx.namespace}`);
      return { payload: { count: sent.length } };
    },
  });

  it('become tasks, with a context without gaps', async () => {
    const task = connectorTask(echo, { prefix: '> ' });
    expectTypeOf(task.execute).returns.resolves.toEqualTypeOf<{ payload: { count: number } }>();
    expect(await task.execute({} as RunContext, { payload: { text: 'hi' } })).toEqual({ payload: { count: 1 } });
    expect(sent).toEqual(['> hi default']);
    // @ts-expect-error prefix is a string
    connectorTask(echo, { prefix: 1 });
  });

  it('become declared tasks that a catalog can list', () => {
    const task = connectorTask(echo, undefined, declaration);
    const catalog: readonly DeclaredTask[] = [task];
    expect(catalog[0]).toMatchObject({ name: 'connectors/echo.send', effect: 'write' });
    // @ts-expect-error the connector takes text, the schema says number
    connectorTask(echo, undefined, { ...declaration, input: Type.Object({ text: Type.Number() }), examples: [] });
  });

  it('may be written for two types alone', () => {
    const plain = defineConnector<string, number>({ send: async (_ctx, { payload }) => ({ payload: payload.length }) });
    expectTypeOf(plain.send).parameter(1).toEqualTypeOf<TaskInput<string>>();
    // @ts-expect-error a connector resolves to an envelope
    defineConnector<string, number>({ send: async (_ctx, { payload }) => payload.length });
  });

  it('are initialised once before the first send, again after a failure, whoever asks', async () => {
    const steps: string[] = [];
    let failures = 1;
    const connector = defineConnector<string, string, string>({
      async init(ctx, cfg) {
        steps.push(`init ${cfg} ${ctx.namespace}`);
        if (failures-- > 0) throw new Error('not yet');
      },
      async send(_ctx, { payload }) {
        steps.push(`send ${payload}`);
        return { payload };
      },
    });
    const task = connectorTask(connector, 'cfg');
    const ctx = createRunContext({ namespace: 'n' });
    await expect(task.execute(ctx, { payload: 'lost' })).rejects.toThrow('not yet');
    await Promise.all([task.execute(ctx, { payload: 'a' }), task.execute(ctx, { payload: 'b' })]);
    await task.init?.(ctx);
    expect(steps).toEqual(['init cfg n', 'init cfg n', 'send a', 'send b']);
  });
});
