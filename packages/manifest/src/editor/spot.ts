import type { Manifest } from '../model/manifest.ts';
import type { Entry, Node, Path } from '../parse/node.ts';

/** What stands at an offset of a file. */
export interface Spot {
  manifest: Manifest;
  /** Of the value in its document; where the key is meant, of the value that the key names. */
  path: Path;
  node: Node;
  /** The field that the value is of, where it is one. */
  entry?: Entry;
  onKey: boolean;
}

/** What stands at an offset; `undefined` outside of all manifests. */
export function spotAt(manifests: readonly Manifest[], offset: number): Spot | undefined {
  const manifest = manifests.findLast(({ root }) => root.start <= offset);
  if (!manifest) return undefined;
  const spot: Spot = { manifest, path: [], node: manifest.root, onKey: false };
  // An alias leads to the node of its anchor, which stands elsewhere: it is not gone into.
  for (;;) {
    const step: Step | undefined = stepTo(spot.node, offset, manifest);
    if (!step) return spot;
    spot.path.push(step.name);
    spot.node = step.node;
    delete spot.entry;
    if (step.entry) spot.entry = step.entry;
    spot.onKey = step.onKey;
    if (step.onKey) return spot;
  }
}

interface Step {
  name: string | number;
  node: Node;
  entry?: Entry;
  onKey: boolean;
}

function stepTo(node: Node, offset: number, { file }: Manifest): Step | undefined {
  if (node.kind === 'seq') {
    const at = node.items.findIndex((item) => item.start <= offset && offset <= item.end);
    return at === -1 ? undefined : { name: at, node: node.items[at] as Node, onKey: false };
  }
  if (node.kind !== 'map') return undefined;
  for (const entry of node.entries.values()) {
    const { key, value, name } = entry;
    if (key.start <= offset && offset <= key.end) return { name, node: value, entry, onKey: true };
    if (value.start <= offset && offset <= value.end && value.start >= key.end) return { name, node: value, entry, onKey: false };
    // Nothing is written yet: the rest of the line is its place.
    const empty = value.kind === 'scalar' && value.empty === true;
    if (empty && offset > key.end && /^[ \t]*:[ \t]*$/.test(file.text.slice(key.end, offset)))
      return { name, node: value, entry, onKey: false };
  }
  return undefined;
}
