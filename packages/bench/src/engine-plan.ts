import { join } from 'node:path';
import type { Plan, Template } from '@summit/maestro-manifest';
import { loadContracts } from '@summit/maestro-worker/packages';

/** Package with the task that does nothing. */
export const NOOP = join(import.meta.dirname, '..', 'noop-tasks');

/** A plan of one task over the numbers from 0 to `items`. */
export async function goOver(items: number, maxParallel: number, kind = 'tasks/noop'): Promise<Plan> {
  const plan = await chain(1, [kind]);
  const [task] = plan.tasks;
  if (task === undefined) throw new Error('the plan has no task');
  const list = Array.from({ length: items }, (_, index) => index);
  return { ...plan, tasks: [{ ...task, with: { n: { $cel: 'item' } }, forEach: { in: list, maxParallel, onError: 'fail' } }] };
}

/** A plan of `count` tasks in a row, each with the output of the one before as its input; of these kinds in turn. */
export async function chain(count: number, kinds: readonly string[] = ['tasks/noop']): Promise<Plan> {
  const contracts = await loadContracts([NOOP], import.meta.dirname);
  const usesOf = (at: number) => {
    const contract = contracts.find(({ name }) => name === kinds[at % kinds.length]);
    if (contract === undefined) throw new Error('no task to measure');
    return { name: contract.name, version: contract.version, digest: contract.digest };
  };
  return {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: 'noop', version: '1.0.0' },
    inputs: [],
    bindings: {},
    parameters: [],
    outputs: {},
    tasks: Array.from({ length: count }, (_, i) => ({
      id: `t${i}`,
      uses: usesOf(i),
      needs: i === 0 ? [] : [`t${i - 1}`],
      with: { n: i === 0 ? 1 : { $cel: `tasks.t${i - 1}.output.n` } },
    })),
  };
}

/** A plan that waits for a decision by `lead`. */
export async function gate(): Promise<Plan> {
  return core('ops/approval.gate', { approvers: ['lead'], reason: 'to be woken' });
}

/** A plan that waits for `ms` milliseconds. */
export async function pause(ms: number): Promise<Plan> {
  return core('tasks/wait.sleep', { ms });
}

/** A plan of one task of the core package. */
async function core(task: string, input: Template): Promise<Plan> {
  const contract = (await loadContracts(['@summit/maestro-tasks-core'], import.meta.dirname)).find(({ name }) => name === task);
  if (contract === undefined) throw new Error(`there is no ${task}`);
  const { name, version, digest } = contract;
  return { ...(await chain(0)), tasks: [{ id: 'wait', uses: { name, version, digest }, needs: [], with: input }] };
}
