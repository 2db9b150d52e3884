import { SecretReference } from '@summit/maestro-manifest';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TaskCall } from './host.ts';
import { attemptOf, type PoolCall, poolCall } from './pool-call.ts';

const run = {
  runId: 'r',
  startedAt: '2026-01-01T00:00:00Z',
  initiator: { id: 'alice', roles: [] },
  plan: { workflow: { name: 'w', version: '1.0.0' } },
  planDigest: 'sha256:0',
};

function call(template: unknown): Omit<TaskCall, 'signal'> {
  return {
    run,
    call: { uses: { name: 'tasks/a', version: '1.0.0', digest: 'sha256:1' }, with: template as never, timeout: 5 },
    subject: { task: 'a', item: 2 },
    workflow: { ref: 'w@1.0.0', name: 'w' },
    attempt: 3,
    scope: { params: { large: 'x'.repeat(1_000) }, tasks: {}, run: { id: 'r', startedAt: '', dryRun: false, initiator: run.initiator } },
  };
}

const template = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, true, 'text', '__proto__'),
    fc.record({ $secret: fc.constantFrom('TOKEN', 'KEY') }),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'constructor', '0'), tie('node'), { maxKeys: 3 }),
  ),
})).node;

it('an attempt arrives as it was sent: input, and secrets as references', () => {
  fc.assert(
    fc.property(template, (given) => {
      const sent = JSON.parse(JSON.stringify(poolCall(call(given)))) as PoolCall;
      const { input, ...arrived } = attemptOf(sent, new AbortController().signal);
      expect(plain(input?.value)).toEqual(plain(expected(given)));
      expect(arrived).toMatchObject({ run: { runId: 'r' }, attempt: 3, subject: { task: 'a', item: 2 }, call: { timeout: 5 } });
    }),
  );
});

it('leaves out what its input does not need: the plan, and what else its expressions could have read', () => {
  const text = JSON.stringify(poolCall(call({ a: 1 })));
  expect(text).not.toContain('xxxx');
  expect(text.length).toBeLessThan(500);
});

/** References where the template has secrets. */
function expected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.hasOwn(value, '$secret')) return new SecretReference((value as { $secret: string }).$secret);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, expected(entry)]));
}

/** With references told apart from data that looks like one. */
function plain(value: unknown): unknown {
  if (value instanceof SecretReference) return ['secret', value.$secret];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([key, entry]) => [key, plain(entry)]);
}
