import path from 'node:path';
import { EmbeddedServer } from '@summit/maestro-worker/embedded';
import { spanIdOf, traceIdOf } from '@summit/maestro-worker/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { type OtlpSpan, otlpReceiver } from './otlp-receiver.ts';
import { maestro } from './process.ts';
import { project } from './project.ts';

const CHAIN = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: chain, version: 1.0.0 }
spec:
  tasks:
    - { id: flaky, uses: tasks/flaky@1.0.0, with: {} }
    - { id: nap, uses: tasks/wait.sleep@0.1.0, needs: [flaky], with: { ms: 2000 } }
    - { id: after, uses: tasks/flaky@1.0.0, needs: [nap], with: {} }
`;

function folder(telemetry?: object): string {
  const config = { packages: ['@summit/maestro-tasks-core', './tasks'], identity: { user: 'ada', roles: ['sre'] }, telemetry };
  return project({ 'maestro.config.json': JSON.stringify(config), 'runbooks/chain.yaml': CHAIN });
}

const tree = (spans: readonly OtlpSpan[]) => {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans.map(({ parentSpanId, name }) => `${parentSpanId ? (names.get(parentSpanId) ?? '?') : ''} > ${name}`).sort();
};

const WHOLE = [
  ' > run chain',
  'run chain > task after',
  'run chain > task flaky',
  'run chain > task nap',
  ...['after', 'flaky'].flatMap((task) => [`task ${task} > execute tasks/flaky`, `task ${task} > execute tasks/flaky`]),
].sort();

test('spans and metrics of a run arrive when its command has ended, also those of a caller, with the configured name and headers', async () => {
  const receiver = await otlpReceiver();
  const cwd = folder({ otlp: { endpoint: `${receiver.url}/`, headers: { 'x-tenant': 'ops' } }, serviceName: 'night-shift' });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const run = maestro(cwd, ['run', 'flaky', '--ephemeral', '--run-id', 'f1', '--json'], { env: { TRACEPARENT: traceparent } });
  expect(await run.ended, run.stderr).toBe(0);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set(['0af7651916cd43dd8448eb211c80319c']));
  const root = receiver.spans.find(({ name }) => name === 'run flaky');
  expect(root).toMatchObject({ parentSpanId: 'b7ad6b7169203331', spanId: spanIdOf({ runId: 'f1' }) });
  expect(receiver.spans.map(({ name }) => name).sort()).toEqual(['execute tasks/flaky', 'execute tasks/flaky', 'run flaky', 'task try']);
  expect(receiver.metrics.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'maestro.run.started',
      'maestro.run.finished',
      'maestro.run.duration',
      'maestro.task.finished',
      'maestro.task.retries',
    ]),
  );
  expect(JSON.stringify(receiver.metrics)).not.toContain('f1');
  expect([...receiver.services]).toEqual(['night-shift']);
  expect(receiver.headers.every((headers) => headers['x-tenant'] === 'ops')).toBe(true);
});

test('the worker is killed in the middle: the next one goes on with the trace, and tells nothing twice', async () => {
  const receiver = await otlpReceiver();
  const cwd = folder();
  onTestFinished(async () => {
    await (await EmbeddedServer.open({ folder: path.join(cwd, '.maestro', 'restate') })).stop();
  });
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
  const first = maestro(cwd, ['run', 'chain', '--run-id', 'c1', '--json'], { env });
  await expect.poll(() => receiver.spans.filter(({ name }) => name === 'task flaky').length, { timeout: 30_000 }).toBe(1);
  first.child.kill('SIGKILL');
  await first.ended;
  const before = receiver.spans.length;
  const second = maestro(cwd, ['runs', 'attach', 'c1', '--json'], { env });
  expect(await second.ended, second.stderr).toBe(0);
  expect(receiver.spans.length).toBeGreaterThan(before);
  expect(new Set(receiver.spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf({ runId: 'c1' })]));
  expect(tree(receiver.spans)).toEqual(WHOLE);
  expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(WHOLE.length);
  const nap = receiver.spans.find(({ name }) => name === 'task nap');
  const run = receiver.spans.find(({ name }) => name === 'run chain');
  const took = ({ startTimeUnixNano, endTimeUnixNano }: OtlpSpan) => Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
  expect(took(nap as OtlpSpan), 'from its start in the first process').toBeGreaterThan(1_990);
  expect(took(run as OtlpSpan)).toBeGreaterThan(took(nap as OtlpSpan));
});

test('a receiver that is not there holds up nothing for long, and is said once', async () => {
  const cwd = folder({ otlp: { endpoint: 'http://127.0.0.1:9' } });
  const begin = performance.now();
  const run = maestro(cwd, ['run', 'flaky', '--ephemeral', '--json']);
  expect(await run.ended, run.stderr).toBe(0);
  expect(performance.now() - begin).toBeLessThan(8_000);
  expect(run.stderr.match(/telemetry cannot be sent/g)?.length ?? 0).toBeLessThanOrEqual(1);
});

test('without the packages that send: an error where the configuration asks for it, and a word where only the environment does', async () => {
  const missing = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    if (name !== '@opentelemetry/sdk-metrics') return next(name, context);
    throw Object.assign(new Error(\`Cannot find package '\${name}' imported from here\`), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});`;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(missing)}`];
  const asked = maestro(folder({}), ['run', 'flaky', '--ephemeral'], { node });
  expect(await asked.ended).toBe(2);
  expect(asked.stderr).toMatch(/TELEMETRY_PACKAGES_MISSING[\s\S]*npm install @opentelemetry\/sdk-trace @opentelemetry\/sdk-metrics/);
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
  const meant = maestro(folder(), ['run', 'flaky', '--ephemeral', '--json'], { node, env });
  expect(await meant.ended, meant.stderr).toBe(0);
  expect(meant.stderr).toContain('no telemetry is sent, although OTEL_EXPORTER_OTLP_ENDPOINT is set');
});
