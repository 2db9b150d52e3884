import { subWorkflowName } from './build.ts';
import { allCalls, type Manifest, type Reference } from './manifest.ts';

/** A reference of a manifest to a task or a workflow. */
export interface UsedReference extends Reference {
  kind: 'task' | 'workflow';
  /** Of a workflow without `workflows/`. */
  name: string;
  /** What it is called everywhere: `connectors/s3.get@^0.1`, or `workflows/name@^1.0`, which is how a lock file names it. */
  key: string;
}

/** Every `uses` and `workflowRef` of a manifest that is well-formed, in the order of the text. */
export function referencesOf(manifest: Manifest): UsedReference[] {
  if (manifest.kind === 'Runbook') {
    const ref = manifest.workflowRef;
    return ref ? [{ ...ref, kind: 'workflow', key: workflowKey(ref.name, ref.range) }] : [];
  }
  return allCalls(manifest).flatMap(({ uses }): UsedReference[] => {
    if (!uses) return [];
    const name = subWorkflowName(uses);
    const key = `${uses.name}@${uses.range}`;
    return [name === undefined ? { ...uses, kind: 'task', key } : { ...uses, name, kind: 'workflow', key }];
  });
}

/** How a lock file names a reference to a workflow, whether a runbook or a task makes it. */
export function workflowKey(name: string, range: string): string {
  return `workflows/${name}@${range}`;
}
