import { expect, it } from 'vitest';
import { TaskRegistry } from '../../packages/tasks.ts';
import type { RestateClient } from './client.ts';
import { RestateControl } from './control.ts';
import { LocalResults } from './local-results.ts';

class Control extends RestateControl {
  readonly history = undefined;
  protected override record(): void {}
  override async close(): Promise<void> {}
}

/** An engine that has `run-1`, and calls it unended for as many looks as `late` says. */
function engineThatHears(late: number) {
  const done: string[] = [];
  let looks = 0;
  const change = (name: string) => async () => void done.push(looks > late ? `${name}: ended` : `${name}: unended`);
  const runs = {
    active: async () => (++looks > late ? [] : [{ runId: 'run-1' }]),
    ...Object.fromEntries(['cancel', 'kill', 'pause', 'resume'].map((name) => [name, change(name)])),
  };
  return { done, client: { decide: change('decide'), runs } as unknown as RestateClient };
}

const CHANGES: Record<string, (control: Control) => Promise<void>> = {
  decide: (control) => control.decide('run-1', { role: 'sre', by: 'bob', approved: true }),
  cancel: (control) => control.cancel('run-1'),
  kill: (control) => control.kill('run-1'),
  pause: (control) => control.pause('run-1'),
  resume: (control) => control.resume('run-1'),
};

it.each(Object.entries(CHANGES))('%s of a run whose end was told here waits until the engine knows of it', async (name, change) => {
  const results = new LocalResults();
  const { client, done } = engineThatHears(3);
  const control = new Control({ client, ready: async () => {}, results }, async () => new TaskRegistry([]), {});
  results.expect('run-1');
  results.ended({ runId: 'run-1', status: 'failed', planDigest: 'sha256:0', outputs: {}, tasks: [], approvals: [] });
  await change(control);
  expect(done).toEqual([`${name}: ended`]);
});

it.each(Object.entries(CHANGES))('%s of a run that is on is not held up', async (name, change) => {
  const { client, done } = engineThatHears(3);
  const control = new Control({ client, ready: async () => {}, results: new LocalResults() }, async () => new TaskRegistry([]), {});
  await change(control);
  expect(done).toEqual([`${name}: unended`]);
});
