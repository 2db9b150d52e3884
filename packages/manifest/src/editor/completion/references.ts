import type { Session } from '../../lint/session.ts';
import { allTasks, type Manifest } from '../../model/manifest.ts';
import { isString } from '../../parse/node.ts';
import { startsWith } from '../field-schema.ts';
import { taskText } from '../hover.ts';
import type { Spot } from '../spot.ts';
import type { Completion } from './item.ts';

/** What `uses`, `needs` or `workflowRef` may name; `undefined` where none of them stands. */
export function referenceCompletions(session: Session, spot: Spot, offset: number): Completion[] | undefined {
  const { manifest, path, node, entry } = spot;
  const empty = node.kind === 'scalar' && node.empty === true;
  if (!isString(node) && !empty) return path.at(-1) === 'needs' ? needs(manifest, spot, offset, offset) : undefined;
  const [start, end] = empty ? [offset, offset] : [node.start, node.end];
  if (entry?.name === 'uses' && manifest.kind === 'Workflow') return uses(session, manifest, start, end);
  if (entry?.name === 'workflowRef' && manifest.kind === 'Runbook') return workflows(session, manifest, '', start, end);
  return path.at(-2) === 'needs' || path.at(-1) === 'needs' ? needs(manifest, spot, start, end) : undefined;
}

function uses(session: Session, manifest: Manifest, start: number, end: number): Completion[] {
  const range = manifest.file.range(start, end);
  const tasks = session.contracts.names().flatMap((name) =>
    session.contracts.versions(name).flatMap((version): Completion[] => {
      const contract = session.contracts.resolve(name, version);
      const label = `${name}@${version}`;
      return contract ? [{ kind: 'task', label, newText: label, range, detail: contract.title, text: taskText(contract) }] : [];
    }),
  );
  return [...tasks, ...workflows(session, manifest, 'workflows/', start, end)];
}

function workflows(session: Session, manifest: Manifest, prefix: string, start: number, end: number): Completion[] {
  const range = manifest.file.range(start, end);
  return session.manifests.names('Workflow').flatMap((name) =>
    session.manifests.versions('Workflow', name).map((version): Completion => {
      const label = `${prefix}${name}@${version}`;
      return { kind: 'workflow', label, newText: label, range };
    }),
  );
}

/** The ids of the tasks in the same list that do not wait for this one. */
function needs(manifest: Manifest, { path }: Spot, start: number, end: number): Completion[] | undefined {
  if (manifest.kind !== 'Workflow') return undefined;
  const own = allTasks(manifest).find((task) => startsWith(path, task.path));
  if (!own) return undefined;
  const range = manifest.file.range(start, end);
  const already = new Set(own.needs.filter((need) => need.start !== start).map((need) => need.value));
  return allTasks(manifest).flatMap((task): Completion[] => {
    const id = task.id?.value;
    if (id === undefined || task === own || task.list !== own.list || already.has(id)) return [];
    return [{ kind: 'name', label: id, newText: id, range, ...(task.uses ? { detail: task.uses.node.value } : {}) }];
  });
}
