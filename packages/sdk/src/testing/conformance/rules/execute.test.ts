import { describe, expect, it } from 'vitest';
import { broken, type Change, echo, expectOnly, findings } from '../../../../test/conformance-tasks.ts';
import { InvalidInputError } from '../../../errors.ts';

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
