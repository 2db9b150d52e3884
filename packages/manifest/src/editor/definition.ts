import type { Range } from '../diagnostic.ts';
import type { Session } from '../lint/session.ts';
import { allCalls, allTasks, type Manifest, type ParameterView, type Runbook, type Workflow } from '../model/manifest.ts';
import { isString } from '../parse/node.ts';
import { expressionAt } from './expression-at.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { partAt } from './part-at.ts';
import { type Spot, spotAt } from './spot.ts';

/** Where something is defined: in a file of the catalog, or as a task of a package. `origin` is what was asked about. */
export type Definition =
  | { kind: 'place'; file: string; range: Range; origin: Range }
  | { kind: 'task'; name: string; version: string; origin: Range };

/** Where what stands at an offset is defined: `uses`, `needs`, `workflowRef`, and names inside expressions. */
export function definitionAt(catalog: LiveCatalog, path: string, offset: number): Definition | undefined {
  const spot = spotAt(catalog.manifests(path), offset);
  if (!spot) return undefined;
  const { session } = catalog;
  return ofExpression(session, spot, offset) ?? ofReference(session, spot);
}

function ofExpression(session: Session, { manifest }: Spot, offset: number): Definition | undefined {
  const spot = expressionAt(session, manifest, offset);
  const part = spot && partAt(session, spot);
  if (!spot || !part?.names) return undefined;
  const { start, end } = spot.span(part.start, part.end);
  const origin = manifest.file.range(start, end);
  const [root, name] = part.names;
  if (root === 'params' || root === 'inputs') {
    const views: ParameterView[] = manifest.kind === 'Runbook' ? manifest.inputs : manifest.parameters;
    return place(manifest, views.find(({ parameter }) => parameter.name === name)?.name, origin);
  }
  if (root === 'tasks' && manifest.kind === 'Workflow') return place(manifest, taskId(manifest, name), origin);
  if ((root === 'item' || root === 'index') && spot.site.task?.forEach) return place(manifest, spot.site.task.forEach.in, origin);
  return undefined;
}

function ofReference(session: Session, { manifest, node, path, entry, onKey }: Spot): Definition | undefined {
  if (onKey) return parameterOf(session, manifest, path, entry);
  if (!isString(node)) return undefined;
  const origin = manifest.file.range(node.start, node.end);
  if (manifest.kind === 'Runbook') {
    const workflow = manifest.workflowRef?.node === node ? session.workflowOf(manifest) : undefined;
    return workflow && manifestPlace(workflow, origin);
  }
  if (path.at(-2) === 'needs') return place(manifest, taskId(manifest, node.value), origin);
  const call = allCalls(manifest).find(({ uses }) => uses?.node === node);
  const target = call && session.targetOf(call);
  if (!target) return undefined;
  if (target.kind === 'workflow') return manifestPlace(target.workflow, origin);
  return { kind: 'task', name: target.contract.name, version: target.contract.version, origin };
}

/** A name in the `with` of a runbook or of a sub-workflow is a parameter there. */
function parameterOf(session: Session, manifest: Manifest, path: Spot['path'], entry: Spot['entry']): Definition | undefined {
  if (!entry || path.at(-2) !== 'with') return undefined;
  let workflow: Workflow | undefined;
  if (manifest.kind === 'Runbook') workflow = session.workflowOf(manifest);
  else {
    const call = allCalls(manifest).find((view) => [...view.path, 'with', entry.name].join('/') === path.join('/'));
    const target = call && session.targetOf(call);
    if (target?.kind === 'workflow') workflow = target.workflow;
  }
  const view = workflow?.parameters.find(({ parameter }) => parameter.name === entry.name);
  return workflow && place(workflow, view?.name, manifest.file.range(entry.key.start, entry.key.end));
}

function taskId(workflow: Workflow, id: string | undefined) {
  return allTasks(workflow).find((task) => task.id?.value === id)?.id;
}

function manifestPlace(manifest: Runbook | Workflow, origin: Range): Definition {
  return place(manifest, manifest.nameNode ?? manifest.root, origin) as Definition;
}

function place({ file }: Manifest, node: { start: number; end: number } | undefined, origin: Range): Definition | undefined {
  return node && { kind: 'place', file: file.path, range: file.range(node.start, node.end), origin };
}
