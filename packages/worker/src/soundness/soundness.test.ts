import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, parseCatalog, planDigest } from '@summit/maestro-manifest';
import { contractOf, type DeclaredTask, type JsonObject, type JsonSchema, TaskError } from '@summit/maestro-sdk';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import { ClientPool } from '@summit/maestro-sdk/pool';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventEmitter } from '../engine/emitter.ts';
import { InProcessRunner } from '../engine/in-process/runner.ts';
import { WorkerTaskHost } from '../execution/task-host.ts';
import { TaskRegistry } from '../packages/tasks.ts';
import type { RunResult } from '../run.ts';
import { cleanCatalog } from './catalog.ts';
import { Random } from './random.ts';
import { randomObject, randomValue } from './schemas.ts';

const folder = mkdtempSync(join(tmpdir(), 'maestro-soundness-'));

/** The checker vouches for types, fields and enumerations; ranges and lengths are for the worker to check. */
function withoutRanges(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (/^(?:min|max)/.test(key) ? undefined : value))) as JsonSchema;
}

/** Tasks that return anything their schemas allow, and sometimes fail. */
function stubs(random: Random): DeclaredTask[] {
  return Array.from({ length: 3 }, (_, at) => {
    const output = randomObject(random, 2);
    return {
      name: `tasks/stub-${at}`,
      version: '1.0.0',
      title: 'Stub',
      description: 'Returns what its schema allows.',
      effect: 'none',
      input: withoutRanges(randomObject(random, 1)),
      output,
      examples: [],
      retry: { maxAttempts: 1 },
      execute: async () => {
        if (random.chance(0.1)) throw TaskError.terminal('STUB_FAILED', 'the stub failed, as stubs do');
        return { payload: randomValue(random, output) };
      },
    } as unknown as DeclaredTask;
  });
}

async function run(seed: number): Promise<{ text: string; result: RunResult; inputs: JsonObject } | undefined> {
  const random = new Random(seed);
  const tasks = stubs(random);
  const contracts = tasks.map((task) => contractOf(task));
  const clean = cleanCatalog(random, contracts);
  if (!clean) return undefined;
  const { catalog } = parseCatalog([{ path: 'random.yaml', text: clean.text }]);
  const { plan, diagnostics } = compile(catalog, contracts, 'random');
  if (!plan) throw new Error(`a clean catalog has no plan: ${JSON.stringify(diagnostics)}`);
  expect(planDigest(JSON.parse(JSON.stringify(plan)) as typeof plan)).toBe(planDigest(plan));
  const inputs: JsonObject = {};
  for (const { name, schema, required } of clean.parameters) {
    if (required || random.chance(0.5)) inputs[name] = randomValue(random, schema) as JsonObject;
  }
  const registry = new TaskRegistry(tasks);
  const events = new EventEmitter();
  const services = {
    artifacts: createFolderArtifacts(folder),
    workspace: folder,
    pool: new ClientPool(),
    secret: async () => '',
    log: { info() {}, error() {} },
    emit: events.publish,
    egressAllow: [],
  };
  const host = new WorkerTaskHost(registry, services, 1_000_000);
  const runner = new InProcessRunner(registry, host, events, {}, async () => {});
  const handle = await runner.start({ plan, inputs, initiator: { id: 'alice', roles: [] } });
  return { text: clean.text, inputs, result: await handle.result() };
}

describe('a catalog that lints clean', () => {
  it('never fails at run time with an unknown reference, an expression type error or an input that does not fit', async () => {
    let clean = 0;
    const expressions = { kept: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const done = await run(seed);
        if (!done) return;
        clean += 1;
        expressions.kept += done.text.split('${').length - 1;
        const { error, tasks, compensations = [] } = done.result;
        const errors = [error, ...[...tasks, ...compensations].map((record) => record.error)].filter((each) => each !== undefined);
        const bad = errors.filter(({ code }) => code !== 'STUB_FAILED');
        expect(bad, `${done.text}\n${JSON.stringify(done.inputs)}`).toEqual([]);
      }),
      { numRuns: Number(process.env.MAESTRO_SOUND_PLANS ?? 80) },
    );
    // Mending must not leave plans of literals only.
    expect(clean).toBeGreaterThan(0);
    expect(expressions.kept / clean).toBeGreaterThan(3);
  }, 600_000);
});
