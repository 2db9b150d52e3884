import type { Manifest, TaskView } from '../model/manifest.ts';
import type { MapNode, Node, StringNode } from '../parse/node.ts';

/** Where an expression may stand: a task's input, a workflow's outputs, or a runbook's bindings. */
export type Place = 'task' | 'outputs' | 'bindings';

/** A string with `${` in it, and where it stands: its scope depends on that. */
export interface Site {
  manifest: Manifest;
  place: Place;
  /** Where `place` is `task`. */
  task?: TaskView;
  node: StringNode;
}

/** The strings with `${` below a mapping, in the order of the text. */
export function sitesIn(root: MapNode, site: Omit<Site, 'node'>): Site[] {
  const sites: Site[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    // An alias shares the node of its anchor: looked at once.
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'seq') node.items.forEach(visit);
    else if (node.kind === 'map') for (const entry of node.entries.values()) visit(entry.value);
    else if (typeof node.value === 'string' && node.value.includes('${')) sites.push({ ...site, node: node as StringNode });
  };
  visit(root);
  return sites;
}

/** All such strings of a manifest. */
export function sitesOf(manifest: Manifest): Site[] {
  if (manifest.kind === 'Runbook') return manifest.with ? sitesIn(manifest.with, { manifest, place: 'bindings' }) : [];
  const sites = manifest.tasks.flatMap((task) => (task.with ? sitesIn(task.with, { manifest, place: 'task', task }) : []));
  return manifest.outputs ? [...sites, ...sitesIn(manifest.outputs, { manifest, place: 'outputs' })] : sites;
}
