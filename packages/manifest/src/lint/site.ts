import { allTasks, type CallView, type Manifest, type TaskView } from '../model/manifest.ts';
import type { Node, StringNode } from '../parse/node.ts';

/** Where an expression may stand: in a task's input or what undoes it, its condition or list, a workflow's outputs, a runbook's bindings. */
export type Place = 'with' | 'compensate' | 'when' | 'forEach' | 'outputs' | 'bindings';

/** A string with `${` in it, and where it stands: its scope depends on that. */
export interface Site {
  manifest: Manifest;
  place: Place;
  /** Where `place` belongs to a task. */
  task?: TaskView;
  /** Where it is in the input of a call. */
  call?: CallView;
  /** It is the whole value of a field, not an item of a list. */
  field?: boolean;
  node: StringNode;
}

/** The strings with `${` at and below a node, in the order of the text. */
function sitesIn(root: Node, site: Omit<Site, 'node'>): Site[] {
  const sites: Site[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, field: boolean): void => {
    // An alias shares the node of its anchor: looked at once.
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'seq') for (const item of node.items) visit(item, false);
    else if (node.kind === 'map') for (const entry of node.entries.values()) visit(entry.value, true);
    else if (typeof node.value === 'string' && node.value.includes('${')) sites.push({ ...site, node: node as StringNode, field });
  };
  visit(root, false);
  return sites;
}

/** All such strings of a manifest. */
export function sitesOf(manifest: Manifest): Site[] {
  if (manifest.kind === 'Runbook') return manifest.with ? sitesIn(manifest.with, { manifest, place: 'bindings' }) : [];
  const sites = allTasks(manifest).flatMap((task) => sitesOfTask(manifest, task));
  return manifest.outputs ? [...sites, ...sitesIn(manifest.outputs, { manifest, place: 'outputs' })] : sites;
}

function sitesOfTask(manifest: Manifest, task: TaskView): Site[] {
  const { when, forEach, compensate } = task;
  const sites = task.with ? sitesIn(task.with, { manifest, place: 'with', task, call: task }) : [];
  if (when) sites.push(...sitesIn(when, { manifest, place: 'when', task }));
  if (forEach) sites.push(...sitesIn(forEach.in, { manifest, place: 'forEach', task }));
  if (compensate?.with) sites.push(...sitesIn(compensate.with, { manifest, place: 'compensate', task, call: compensate }));
  return sites.sort((a, b) => a.node.start - b.node.start);
}
