import { freePorts, type Nodes, restateNodes } from '@summit/maestro-services';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execute } from '../src/testing.ts';
import { maestro } from './process.ts';
import { project } from './project.ts';

let restate: Nodes;
let env: Record<string, string>;

beforeAll(async () => {
  restate = await restateNodes(1);
  const [node] = restate.nodes;
  env = {
    RESTATE_INGRESS_URL: node.ingressUrl,
    RESTATE_ADMIN_URL: node.adminUrl,
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
  };
});
afterAll(() => restate?.[Symbol.asyncDispose]());

/** Ports for a worker, and its options for them. */
async function ports(): Promise<{ health: number; options: string[] }> {
  const [port, health] = (await freePorts(2)) as [number, number];
  return { health, options: ['--port', String(port), '--health-port', String(health)] };
}

describe('maestro worker', () => {
  test('executes what clients start, is watched and drained, and leaves its version to be listed', async () => {
    const cwd = project();
    const { health, options } = await ports();
    const worker = maestro(cwd, ['worker', ...options, '--release', '1.4.0'], { env });
    const [, version, id] = await worker.printed(
      /^worker (\w{12}) for pool default at http:\/\/127\.0\.0\.1:\d+\/ \((dp_\w+)\), health on port \d+$/m,
    );
    expect(await (await fetch(`http://127.0.0.1:${health}/readyz`)).json()).toEqual({
      status: 'ready',
      version,
      pools: ['default'],
      attempts: 0,
    });
    expect(await execute(['run', 'hello', '--input', 'pause=1'], { cwd, env })).toMatchObject({ code: 0 });
    await worker.printed(/succeeded/);
    const listed = await execute(['deployments', 'list'], { cwd, env });
    expect(listed.stdout).toMatch(new RegExp(`^${id} .*${version} +current +0 +1\\.4\\.0, worker .*test-tasks@1\\.0\\.0`, 'm'));
    expect(await execute(['deployments', 'remove', String(id)], { cwd, env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('DEPLOYMENT_IN_USE'),
    });

    const held = await execute(['run', 'stubborn', '--detach', '--run-id', 'held'], { cwd, env });
    expect(held.code).toBe(0);
    await worker.printed(/held.*hold/);
    worker.child.kill('SIGTERM');
    await worker.printed(/stopping: 1 attempt on, which may finish; again the same signal to quit at once/);
    expect((await fetch(`http://127.0.0.1:${health}/readyz`)).status).toBe(503);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(143);
    await execute(['runs', 'cancel', 'held', '--kill'], { cwd, env });
  });

  test('takes pools from its options, and ends in order on the first signal', async () => {
    const cwd = project();
    const { options } = await ports();
    const worker = maestro(cwd, ['worker', ...options, '--pool', 'gpu', '--pool', 'default', '--no-register'], { env });
    await worker.printed(/^worker \w{12} for pools gpu, default at port \d+, made known to Restate by others, health on port \d+$/m);
    worker.child.kill('SIGINT');
    expect(await worker.ended).toBe(0);
    expect(worker.stdout).toContain('stopped; what was not finished goes on with other workers');
  });

  test('says what is missing', async () => {
    const cwd = project();
    expect(await execute(['worker'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/ENGINE_NOT_SHARED.*\n.*maestro up is the worker/),
    });
    expect(await execute(['up'], { cwd, env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/ENGINE_SHARED.*\n.*maestro worker/),
    });
    expect(await execute(['deployments', 'list'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('ENGINE_NOT_SHARED'),
    });
    const wrong = [
      [['--drain', 'soon'], /--drain: expected a duration such as 25s/],
      [['--port', '70000'], /It is no port/],
      [['--advertised-url', 'here'], /--advertised-url: expected an http\(s\) URL/],
      [['--host', '0.0.0.0'], /IDENTITY_KEYS_MISSING/],
      [['--pool', 'GPU'], /POOL_INVALID/],
    ] as const;
    for (const [options, message] of wrong)
      expect(await execute(['worker', ...options], { cwd, env })).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});
