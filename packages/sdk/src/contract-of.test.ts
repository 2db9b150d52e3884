import { describe, expect, it } from 'vitest';
import { contractOf } from './contract-of.ts';
import { Type } from './schema.ts';
import { type DeclaredTask, defineTask } from './task.ts';

const echo = defineTask({
  name: 'tasks/echo',
  version: '0.1.0',
  title: 'Echo',
  description: 'Says it again',
  examples: [{ title: 'one word', input: { text: 'a' }, output: { text: 'a' } }],
  effect: 'none',
  input: Type.Object({ zeta: Type.Optional(Type.Integer({ description: 'z' })), text: Type.String({ description: 'what' }) }),
  output: Type.Object({ text: Type.String({ description: 'what' }) }),
  execute: async (_ctx, { payload }) => ({ payload: { text: payload.text } }),
});

describe('contractOf', () => {
  it('is the declaration as plain JSON, in the order it was written', () => {
    const contract = contractOf(echo);
    expect(contract).toEqual({
      name: 'tasks/echo',
      version: '0.1.0',
      title: 'Echo',
      description: 'Says it again',
      effect: 'none',
      durable: false,
      input: {
        type: 'object',
        required: ['text'],
        properties: { zeta: { type: 'integer', description: 'z' }, text: { type: 'string', description: 'what' } },
      },
      output: { type: 'object', required: ['text'], properties: { text: { type: 'string', description: 'what' } } },
      examples: [{ title: 'one word', input: { text: 'a' }, output: { text: 'a' } }],
      secrets: [],
      digest: contract.digest,
    });
    expect(Object.keys(contract.input.properties as object)).toEqual(['zeta', 'text']);
    expect(contract).toEqual(JSON.parse(JSON.stringify(contract)));
  });

  it('keeps retry, timeout and deprecation where they are declared', () => {
    const contract = contractOf({ ...echo, retry: { maxAttempts: 3 }, timeout: 1_000, deprecated: 'use tasks/say' });
    expect(contract).toMatchObject({ retry: { maxAttempts: 3 }, timeout: 1_000, deprecated: 'use tasks/say' });
  });

  it('has a digest that moves with the schemas, effect and durability, and with nothing else', () => {
    const { digest } = contractOf(echo);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(contractOf({ ...echo, version: '0.2.0', title: 'Other', description: 'Other', timeout: 5 }).digest).toBe(digest);
    expect(contractOf({ ...echo, effect: 'read' }).digest).not.toBe(digest);
    expect(contractOf({ ...echo, durable: true }).digest).not.toBe(digest);
    expect(contractOf({ ...echo, durable: false }).digest).toBe(digest);
    const input = Type.Object({ text: Type.String({ description: 'what' }), zeta: Type.Optional(Type.Integer({ description: 'z' })) });
    expect(contractOf({ ...echo, input } as unknown as DeclaredTask).digest).toBe(digest);
  });

  it('pins the digest, because plans and locks of other versions hold it', () => {
    expect(contractOf(echo).digest).toMatchInlineSnapshot(`"sha256:824621296c35d574c7f09bf3e14c3700b5e00f3453d68e53824689042ebf2b02"`);
  });

  it('names everything that is missing at once', () => {
    const bare = { execute: async () => ({ payload: {} }) } as unknown as DeclaredTask;
    expect(() => contractOf(bare)).toThrow(
      expect.objectContaining({
        code: 'TASK_DECLARATION_INVALID',
        message: expect.stringMatching(
          /a task without a name.*name: .*version: .*title: .*description: .*effect: .*input: .*output: .*examples: /s,
        ) as string,
      }),
    );
  });

  it.each([
    ['a name with capitals', { name: 'tasks/Echo' }, /name: .*"tasks\/Echo"/],
    ['a name in another folder', { name: 'stuff/echo' }, /name: /],
    ['a range as version', { version: '^0.1.0' }, /version: /],
    ['a version with a leading zero', { version: '0.01.0' }, /version: /],
    ['a title of two lines', { title: 'a\nb' }, /title: /],
    ['an unknown effect', { effect: 'delete' }, /effect: expected one of none, read, write, found "delete"/],
    ['no attempts', { retry: { maxAttempts: 0 } }, /retry.maxAttempts: /],
    ['a shrinking interval', { retry: { maxAttempts: 2, factor: 0.5 } }, /retry.factor: /],
    ['an endless timeout', { timeout: Number.POSITIVE_INFINITY }, /timeout: .*found Infinity/],
    ['a secret that is a path', { secrets: ['../etc/passwd'] }, /secrets: /],
    ['an example without input', { examples: [{ title: 'x' }] }, /examples\[0\].input: missing/],
    ['an example that ends twice', { examples: [{ title: 'x', input: {}, output: {}, error: 'E' }] }, /examples\[0\]: has both/],
    ['a list as schema', { input: [] }, /input: expected a JSON Schema, found a list/],
    ['a schema that is no JSON', { input: { type: 'object', maximum: Number.NaN } }, /input is not plain JSON/],
  ])('refuses %s', (_, change, message) => {
    expect(() => contractOf({ ...echo, ...change } as unknown as DeclaredTask)).toThrow(message);
  });

  it.each([null, undefined, 'tasks/echo', 7])('refuses %s in place of a task', (value) => {
    expect(() => contractOf(value as unknown as DeclaredTask)).toThrow(/expected a task made by defineTask/);
  });
});
