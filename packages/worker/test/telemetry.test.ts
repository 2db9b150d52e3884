import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { RunIdGenerator, spanIdOf, traceIdOf } from '@summit/maestro-worker/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alice, Bench, eventually, plan } from './harness.ts';

const spans = new InMemorySpanExporter();
let numbers: InMemoryMetricExporter;
let meters: MeterProvider;
let bench: Bench;

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(
    new TracerProvider({ idGenerator: new RunIdGenerator(), spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
  );
  numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: numbers, exportIntervalMillis: 3_600_000 })] });
  metrics.setGlobalMeterProvider(meters);
  spans.reset();
  bench = new Bench();
});
afterEach(async () => {
  await bench.close();
  await meters.shutdown();
  for (const api of [trace, metrics, context, propagation]) api.disable();
});

const of = (runId: string) => spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceIdOf({ runId }));
const named = (all: ReadableSpan[], name: string) => all.filter((span) => span.name === name);

const milliseconds = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1e3 + nanoseconds / 1e6;

/** Every span as `parent > name`, sorted. */
function tree(all: ReadableSpan[]): string[] {
  const names = new Map(all.map((span) => [span.spanContext().spanId, span.name]));
  return all
    .map((span) => `${names.get(span.parentSpanContext?.spanId ?? '') ?? (span.parentSpanContext === undefined ? '' : '?')} > ${span.name}`)
    .sort();
}

/** Values of the metric `name` by its attributes. */
async function values(name: string): Promise<Record<string, number>> {
  await meters.forceFlush();
  const found = numbers
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.flatMap((scope) => scope.metrics)
    .find(({ descriptor }) => descriptor.name === name);
  return Object.fromEntries(
    (found?.dataPoints ?? []).map(({ attributes, value }) => [
      Object.values(attributes).join(' '),
      typeof value === 'number' ? value : (value as { count: number }).count,
    ]),
  );
}

describe.each([
  { name: 'in-process', engine: 'in-process', inactivityMs: undefined },
  { name: 'restate', engine: 'embedded', inactivityMs: undefined },
  { name: 'restate, always replaying', engine: 'embedded', inactivityMs: 0 },
] as const)('on $name', ({ engine, inactivityMs }) => {
  it('a run with a retry, a list, a sub-workflow, a decision and a failure is one tree of spans, and counted', async () => {
    await bench.open(engine, {}, inactivityMs);
    const append = (id: string) => ({ uses: 'effect.append', with: { log: bench.log, id } });
    const what = await plan(
      {
        flaky: { uses: 'fail', with: { how: 'transient', times: 1 }, retry: { maxAttempts: 2, initialInterval: 20 } },
        list: { ...append('item'), forEach: { in: [1, 2, 3] }, needs: ['flaky'], compensate: append('undo') },
        sub: { uses: 'workflows/sub', needs: ['list'] },
        steps: { uses: 'steps', with: { log: bench.log, times: 2, sleepMs: 5 }, needs: ['sub'] },
        no: { ...append('never'), when: false },
        boom: { uses: 'fail', with: { how: 'x' }, needs: ['steps'] },
      },
      { workflows: { sub: { tasks: { one: append('one') } } }, finally: { last: append('last') } },
    );
    const result = await bench.run(what, {}, { runId: 'tree' });
    expect(result).toMatchObject({ status: 'failed', error: { code: 'TERMINAL' } });
    await eventually('the run is a span', () => named(of('tree'), 'run test').length > 0);
    const all = of('tree');
    expect(tree(all)).toEqual(
      [
        ' > run test',
        'run test > task boom',
        'run test > task flaky',
        'run test > task last',
        'run test > task list',
        'run test > task steps',
        'run test > task sub',
        'task boom > execute tasks/fail',
        'task flaky > execute tasks/fail',
        'task flaky > execute tasks/fail',
        'task last > execute tasks/effect.append',
        ...[1, 2, 3].flatMap(() => ['task list > compensate tasks/effect.append', 'task list > execute tasks/effect.append']),
        'task one > execute tasks/effect.append',
        'task steps > step tasks/steps',
        'task steps > step tasks/steps',
        'task sub > task one',
      ].sort(),
    );
    const [run] = named(all, 'run test');
    expect(run?.attributes).toMatchObject({
      'maestro.run.id': 'tree',
      'maestro.run.ref': 'test@1.0.0',
      'maestro.run.status': 'failed',
      'error.type': 'TERMINAL',
    });
    expect(run?.spanContext().spanId).toBe(spanIdOf({ runId: 'tree' }));
    expect(named(all, 'task list')[0]?.attributes).toMatchObject({
      'maestro.task.items': 3,
      'maestro.task.attempts': 3,
      'maestro.task.status': 'succeeded',
    });
    expect(named(all, 'execute tasks/fail').map(({ status }) => status.code)).toEqual([2, 0, 2]);
    for (const { startTime, endTime, name } of all) expect(milliseconds(endTime), name).toBeGreaterThanOrEqual(milliseconds(startTime));

    expect(await values('maestro.run.started')).toEqual({ test: 1 });
    expect(await values('maestro.run.finished')).toEqual({ 'test failed TERMINAL': 1 });
    expect(await values('maestro.run.duration')).toEqual({ 'test failed TERMINAL': 1 });
    expect(await values('maestro.task.finished')).toEqual({
      'tasks/effect.append succeeded': 3,
      'tasks/fail failed TERMINAL': 1,
      'tasks/fail succeeded': 1,
      'tasks/steps succeeded': 1,
      'workflows/sub succeeded': 1,
      skipped: 1,
    });
    expect(await values('maestro.task.retries')).toEqual({ 'tasks/fail TRY_AGAIN': 1 });
    expect(await values('maestro.task.attempt.duration')).toMatchObject({
      'tasks/effect.append': 8,
      'tasks/fail TERMINAL': 1,
      'tasks/steps': 2,
    });
    for (const name of ['maestro.run.duration', 'maestro.task.duration', 'maestro.task.finished']) {
      expect(Object.keys(await values(name)).join()).not.toContain('tree');
    }
  });
});

it('a run that waits for people is in the queue of decisions, and who decided is told by its span', async () => {
  await bench.open('embedded');
  const what = await plan({ gate: { uses: 'ask', with: { approvers: ['sre', 'legal'] } } });
  const { runId, result } = await bench.runner.start({ plan: what, inputs: {}, initiator: alice });
  await eventually('it asks', async () => (await bench.runner.find(runId))?.pending.length === 2);
  expect(await values('maestro.decision.waiting')).toEqual({ sre: 1, legal: 1 });
  for (const role of ['sre', 'legal']) await bench.runner.decide(runId, { role, by: 'bob', approved: true });
  await result();
  expect(await values('maestro.decision.waiting')).toEqual({ sre: 0, legal: 0 });
  await eventually('the run is a span', () => named(of(runId), 'run test').length > 0);
  expect(named(of(runId), 'run test')[0]?.events.map(({ name, attributes }) => [name, attributes?.['maestro.decision.role']])).toEqual([
    ['decision.made', 'sre'],
    ['decision.made', 'legal'],
  ]);
});

it('a run goes on with the trace of its caller, and a task with that of the run', async () => {
  await bench.open('in-process');
  const what = await plan({ a: { uses: 'echo', with: { value: 1 } } });
  const caller = trace.getTracer('caller');
  const runId = await caller.startActiveSpan('call', async (span) => {
    const { runId: id, result } = await bench.runner.start({ plan: what, inputs: {}, initiator: alice });
    await result();
    span.end();
    return id;
  });
  await bench.close();
  const all = spans.getFinishedSpans();
  expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(tree(all)).toEqual([' > call', 'call > run test', 'run test > task a', 'task a > execute tasks/echo']);
  spans.reset();
  bench = new Bench();
  await bench.open('in-process');
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  await bench.run(what, {}, { traceparent });
  await bench.close();
  expect(spans.getFinishedSpans(), 'the caller does not sample').toEqual([]);
  expect(runId).toMatch(/./);
});

it('what is secret is in no span, and refusals are counted', async () => {
  const TOKEN = 'top-secret-token-value';
  await bench.open('in-process', { secrets: [async (name) => (name === 'TOKEN' ? TOKEN : undefined)] });
  await bench.run(await plan({ leak: { uses: 'secret', with: { ask: 'TOKEN', leak: true } } }));
  await expect(bench.run({ ...(await plan({ a: { uses: 'echo', with: { value: 1 } } })), allowRoles: ['admin'] })).rejects.toMatchObject({
    code: 'ROLE_REQUIRED',
  });
  expect(await values('maestro.policy.denials')).toEqual({ ROLE_REQUIRED: 1 });
  await bench.close();
  const all = spans.getFinishedSpans();
  const text = JSON.stringify(all.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })));
  expect(named([...all], 'task leak')[0]?.status.message).toContain('[redacted]');
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain(Buffer.from(`user:${TOKEN}!`).toString('base64'));
});
