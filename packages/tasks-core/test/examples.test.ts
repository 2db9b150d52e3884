import { randomUUID } from 'node:crypto';
import type { DeclaredTask } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { schemaValidate, tasks } from '@summit/maestro-tasks-core';
import { describe, expect, it } from 'vitest';
import { examples, Uses } from './support/examples.ts';

/** What may differ between an example and its execution: where the server is and who asks, never what is asked. */
const PLACES = new Set('servers brokers topic ssl endpoint region bucket credentials connection url apiUrl artifact publicKey'.split(' '));

const declared = tasks as unknown as readonly DeclaredTask[];
// The others are executed by the conformance suite.
const open = declared.flatMap((task) =>
  task.examples.filter(({ output, error }) => output === undefined && error === undefined).map((example) => ({ task, example })),
);

it('every example is executed, and none that is gone', () => {
  const documented = open.map(({ task, example }) => `${task.name}: ${example.title}`);
  const executed = Object.entries(examples).flatMap(([name, all]) => Object.keys(all).map((title) => `${name}: ${title}`));
  expect(executed.sort()).toEqual(documented.sort());
});

describe.each(open.map((each) => [`${each.task.name}: ${each.example.title}`, each] as const))('%s', (_, { task, example }) => {
  it('does what the page says', async () => {
    const uses = new Uses();
    try {
      await run(task, example, uses);
    } finally {
      await uses.end();
    }
  });
});

async function run(task: DeclaredTask, example: DeclaredTask['examples'][number], uses: Uses): Promise<void> {
  const setUp = await examples[task.name]?.[example.title]?.(uses);
  if (setUp === undefined) throw new Error('nobody executes it: say in test/support/examples.ts how');
  await using ctx = createTestContext({ idempotencyKey: randomUUID(), ...setUp.context, task });
  const places = (await setUp.places?.(ctx)) ?? {};
  expect(Object.keys(places).filter((field) => !PLACES.has(field))).toEqual([]);
  const payload = { ...(example.input as object), ...places };
  await task.validate?.({ payload });
  const { payload: output } = await task.execute(ctx, { payload });
  expect(output).toMatchObject(setUp.output);
  await schemaValidate.execute({} as never, { payload: { schema: task.output as never, data: JSON.parse(JSON.stringify(output)) } });
}
