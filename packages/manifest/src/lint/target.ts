import type { TaskContract } from '@summit/maestro-sdk';
import type { Workflow } from '../model/manifest.ts';

/** What a call resolves to: a task, or a workflow of the catalog. */
export type Target = { kind: 'task'; contract: TaskContract } | { kind: 'workflow'; workflow: Workflow };

/** `name@version` of what runs. */
export function targetName(target: Target): string {
  if (target.kind === 'task') return `${target.contract.name}@${target.contract.version}`;
  return `workflows/${target.workflow.name}@${target.workflow.version}`;
}
