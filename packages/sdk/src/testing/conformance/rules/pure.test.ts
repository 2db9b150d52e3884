import { describe, it } from 'vitest';
import { broken, type Change, expectOnly } from '../../../../test/conformance-tasks.ts';
import { createRunContext } from '../../../run-context.ts';

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
