import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { InvalidInputError } from '../src/errors.ts';
import { Type } from '../src/schema.ts';
import { type DeclaredTask, defineTask } from '../src/task.ts';
import type { ConformanceRule, TaskFixture } from '../src/testing/conformance/model.ts';
import { conformanceSuite } from '../src/testing/conformance/suite.ts';

export const text = Type.String({ description: 'what to say' });

/** A task that conforms; each that tests break differs from it in one thing. */
export const echo = defineTask({
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

export type Change = Omit<Partial<DeclaredTask>, 'execute'> & {
  execute?: (ctx: Ctx, input: { payload: { text: string } }) => Promise<unknown>;
};
export type Ctx = Parameters<DeclaredTask['execute']>[0];

export function broken(change: Change): DeclaredTask {
  return { ...echo, ...change } as unknown as DeclaredTask;
}

/** What the suite finds: the messages of the cases that fail, by rule. */
export async function findings(
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
export async function expectOnly(rule: ConformanceRule, message: RegExp, task: DeclaredTask, fixture?: TaskFixture): Promise<void> {
  const found = await findings(task, fixture);
  expect(found[rule]).toMatch(message);
  expect(Object.keys(found)).toEqual([rule]);
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(1);
}

/** A web server while the tests of a file run; it answers everything but `/never`. */
export function webServer(): { readonly url: string; readonly port: number; readonly requests: number } {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (request.url !== '/never') response.end('ok');
  });
  const port = () => (server.address() as AddressInfo).port;
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    get url() {
      return `http://127.0.0.1:${port()}`;
    },
    get port() {
      return port();
    },
    get requests() {
      return requests;
    },
  };
}
