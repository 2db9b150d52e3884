import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Tasks that show what an engine does: every execution leaves a line in a log file. */

const any = {};
const object = (properties, required = []) => ({ type: 'object', properties, required, additionalProperties: false });
const base = { version: '0.1.0', title: 'Fixture', description: 'Fixture', examples: [], effect: 'write' };

function note(log, entry) {
  appendFileSync(log, `${JSON.stringify(entry)}\n`);
}

const append = {
  ...base,
  name: 'tasks/effect.append',
  input: object({ log: { type: 'string' }, id: { type: 'string' }, holdMs: { type: 'integer', default: 0 }, after: any }, ['log', 'id']),
  output: object({ id: { type: 'string' }, key: { type: 'string' } }, ['id', 'key']),
  resources: ({ id }) => [{ type: 'fixture.log', id }],
  async execute(ctx, { payload }) {
    const { log, id, holdMs } = payload;
    note(log, { id, key: ctx.idempotencyKey, attempt: ctx.attempt, phase: 'begin' });
    if (holdMs > 0) await delay(holdMs, undefined, { signal: ctx.signal });
    note(log, { id, key: ctx.idempotencyKey, attempt: ctx.attempt, phase: 'end' });
    return { payload: { id, key: ctx.idempotencyKey } };
  },
};

/** Fails until a file is there: what a person does who mends the cause. */
const mended = {
  ...append,
  name: 'tasks/mended',
  input: object({ log: { type: 'string' }, id: { type: 'string' }, file: { type: 'string' } }, ['log', 'id', 'file']),
  async execute(ctx, { payload }) {
    const { log, id, file } = payload;
    note(log, { id, key: ctx.idempotencyKey, attempt: ctx.attempt, phase: 'begin' });
    if (!existsSync(file)) {
      throw Object.assign(new Error(`${file} is not there`), {
        code: 'NOT_MENDED',
        retryable: false,
        [Symbol.for('@summit/maestro-sdk/TaskError')]: true,
      });
    }
    return { payload: { id, key: ctx.idempotencyKey } };
  },
};

const echo = {
  ...base,
  name: 'tasks/echo',
  effect: 'none',
  input: object({ value: any, withDefault: { type: 'string', default: 'filled in' } }, ['value']),
  output: object({ value: any, withDefault: { type: 'string' } }, ['value']),
  execute: async (_ctx, { payload }) => ({ payload }),
};

const fail = {
  ...base,
  name: 'tasks/fail',
  input: object({ how: { type: 'string' }, times: { type: 'integer', default: 1_000 }, log: { type: 'string' } }, ['how']),
  output: any,
  async execute(ctx, { payload }) {
    const { how, times, log } = payload;
    if (log) note(log, { id: ctx.taskId, key: ctx.idempotencyKey, attempt: ctx.attempt, at: Date.now() });
    if (ctx.attempt > times) return { payload: { attempt: ctx.attempt } };
    switch (how) {
      case 'string':
        throw 'just a string';
      case 'undefined':
        throw undefined;
      case 'error':
        throw new Error('a plain error', { cause: new Error('its cause') });
      case 'transient':
        throw Object.assign(new Error('come back later'), {
          code: 'TRY_AGAIN',
          retryable: true,
          [Symbol.for('@summit/maestro-sdk/TaskError')]: true,
        });
      case 'never':
        return new Promise(() => {});
      case 'large':
        return { payload: 'x'.repeat(300_000) };
      case 'cyclic': {
        const cycle = {};
        cycle.cycle = cycle;
        return { payload: cycle };
      }
      default:
        throw Object.assign(new Error(`terminal ${how}`), {
          code: 'TERMINAL',
          retryable: false,
          [Symbol.for('@summit/maestro-sdk/TaskError')]: true,
        });
    }
  },
};

const wrongOutput = {
  ...base,
  name: 'tasks/wrong.output',
  effect: 'none',
  input: object({}),
  output: object({ n: { type: 'integer' } }, ['n']),
  execute: async () => ({ payload: { n: 'seven' } }),
};

const wait = {
  ...base,
  name: 'tasks/wait',
  effect: 'none',
  durable: true,
  input: object({ ms: { type: 'integer' }, times: { type: 'integer', default: 1 } }, ['ms']),
  output: object({ waits: { type: 'integer' }, from: { type: 'integer' }, to: { type: 'integer' } }, ['waits']),
  async execute(ctx, { payload }) {
    const from = await ctx.now();
    for (let i = 0; i < payload.times; i++) await ctx.sleep(payload.ms);
    return { payload: { waits: payload.times, from, to: await ctx.now() } };
  },
};

const ask = {
  ...base,
  name: 'tasks/ask',
  effect: 'none',
  durable: true,
  input: object({ approvers: { type: 'array', items: { type: 'string' } }, expiresInMs: { type: 'integer' } }, ['approvers']),
  output: any,
  execute: async (ctx, { payload }) => ({ payload: { decisions: await ctx.decision(payload) } }),
};

const secret = {
  ...base,
  name: 'tasks/secret',
  effect: 'none',
  secrets: ['TOKEN'],
  input: object({ given: { type: 'string' }, ask: { type: 'string' }, leak: { type: 'boolean', default: false } }),
  output: any,
  async execute(ctx, { payload }) {
    const own = payload.ask ? await ctx.secrets(payload.ask) : undefined;
    const value = own ?? payload.given;
    ctx.logger.info(`using ${value}`, { value });
    await ctx.emit('used', { value });
    if (payload.leak) throw new Error(`cannot log in with ${value} or ${Buffer.from(`user:${value}!`).toString('base64')}`);
    return { payload: { length: value.length, value, url: `https://x/?t=${encodeURIComponent(value)}` } };
  },
};

/** Durable, with effects: each step leaves a line when it begins and when it ends. */
const steps = {
  ...base,
  name: 'tasks/steps',
  durable: true,
  input: object(
    {
      log: { type: 'string' },
      times: { type: 'integer', default: 3 },
      holdMs: { type: 'integer', default: 0 },
      sleepMs: { type: 'integer', default: 10 },
      failAt: { type: 'integer' },
      large: { type: 'boolean', default: false },
    },
    ['log'],
  ),
  output: object({ done: { type: 'array', items: { type: 'integer' } }, caught: { type: 'string' } }, ['done']),
  async execute(ctx, { payload }) {
    const { log, times, holdMs, sleepMs, failAt, large } = payload;
    const done = [];
    for (let n = 0; n < times; n++) {
      const result = await ctx.step(`number ${n}`, async (signal) => {
        const entry = { id: `${ctx.taskId}/${n}`, key: ctx.idempotencyKey, attempt: ctx.attempt };
        note(log, { ...entry, phase: 'begin' });
        if (holdMs > 0) await delay(holdMs, undefined, { signal });
        if (n === failAt && ctx.attempt === 1) {
          throw Object.assign(new Error('come back later'), {
            code: 'TRY_AGAIN',
            retryable: true,
            details: { n },
            [Symbol.for('@summit/maestro-sdk/TaskError')]: true,
          });
        }
        note(log, { ...entry, phase: 'end' });
        return { n, dropped: undefined, ...(large ? { text: 'x'.repeat(300_000) } : {}) };
      });
      done.push('dropped' in result ? -1 : result.n);
      await ctx.sleep(sleepMs);
    }
    return { payload: { done } };
  },
};

/** Not durable, and takes a step all the same. */
const stray = {
  ...base,
  name: 'tasks/stray.step',
  input: object({}),
  output: any,
  execute: (ctx) => ctx.step('stray', async () => ({ payload: {} })),
};

/** Durable, and written anew when a file is there: it then waits otherwise than it did. */
const rewritten = {
  ...base,
  name: 'tasks/rewritten',
  durable: true,
  input: object({ file: { type: 'string' }, ms: { type: 'integer' } }, ['file', 'ms']),
  output: any,
  async execute(ctx, { payload }) {
    if (existsSync(payload.file)) await ctx.now();
    await ctx.sleep(payload.ms);
    return { payload: {} };
  },
};

/** Says that it is pure; leaves a line for every evaluation all the same, so that they can be counted. */
const doubled = {
  ...base,
  name: 'tasks/doubled',
  effect: 'none',
  pure: ({ remember }) => remember !== true,
  input: object({ log: { type: 'string' }, n: any, remember: { type: 'boolean' }, reach: { type: 'boolean' } }, ['log', 'n']),
  output: any,
  async execute(ctx, { payload }) {
    const { log, n, reach } = payload;
    note(log, { id: ctx.taskId, key: ctx.idempotencyKey, attempt: ctx.attempt, phase: 'evaluated' });
    if (reach) await ctx.artifacts.put('x');
    if (typeof n !== 'number') {
      throw Object.assign(new Error(`${n} is no number`), {
        code: 'NO_NUMBER',
        retryable: true,
        [Symbol.for('@summit/maestro-sdk/TaskError')]: true,
      });
    }
    return { payload: 2 * n };
  },
};

export const tasks = [append, doubled, mended, rewritten, echo, fail, wrongOutput, wait, ask, secret, steps, stray];
