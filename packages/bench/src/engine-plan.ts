import { join } from 'node:path';
import type { Plan } from '@summit/maestro-manifest';
import { loadContracts } from '@summit/maestro-worker/packages';

/** Package with the task that does nothing. */
export const NOOP = join(import.meta.dirname, '..', 'noop-tasks');

/** A plan of `count` tasks in a row, each with the output of the one before as its input. */
export async function chain(count: number): Promise<Plan> {
  const [contract] = await loadContracts([NOOP], import.meta.dirname);
  if (contract === undefined) throw new Error('no task to measure');
  const { name, version, digest } = contract;
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
      uses: { name, version, digest },
      needs: i === 0 ? [] : [`t${i - 1}`],
      with: { n: i === 0 ? 1 : { $cel: `tasks.t${i - 1}.output.n` } },
    })),
  };
}
