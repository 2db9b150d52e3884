import { describe, it } from 'vitest';
import { broken, echo, expectOnly } from '../../../../test/conformance-tasks.ts';
import type { DeclaredTask } from '../../../task.ts';

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
