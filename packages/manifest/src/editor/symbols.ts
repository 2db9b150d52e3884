import type { Range } from '../diagnostic.ts';
import { allTasks, type Manifest, type ParameterView } from '../model/manifest.ts';
import type { LiveCatalog } from './live-catalog.ts';

/** A part of a file for its outline. */
export interface Outline {
  kind: 'manifest' | 'task' | 'parameter';
  name: string;
  detail: string;
  /** All of it, and its name. */
  range: Range;
  selection: Range;
  children: Outline[];
}

/** The manifests of a file with their parameters and tasks. */
export function outlineOf(catalog: LiveCatalog, path: string): Outline[] {
  return catalog.manifests(path).map((manifest) => {
    const { file, root, nameNode, kind, name, version } = manifest;
    const range = file.range(root.start, root.end);
    return {
      kind: 'manifest',
      name: `${kind} ${name ?? '?'}`,
      detail: version ?? '',
      range,
      selection: nameNode ? file.range(nameNode.start, nameNode.end) : { start: range.start, end: range.start },
      children: parts(manifest),
    };
  });
}

function parts(manifest: Manifest): Outline[] {
  const { file } = manifest;
  const views: ParameterView[] = manifest.kind === 'Runbook' ? manifest.inputs : manifest.parameters;
  const parameters = views.map(
    ({ parameter, node, name }): Outline => ({
      kind: 'parameter',
      name: parameter.name,
      detail: parameter.type,
      range: file.range(node.start, node.end),
      selection: file.range(name.start, name.end),
      children: [],
    }),
  );
  const tasks = manifest.kind === 'Runbook' ? [] : allTasks(manifest);
  return [
    ...parameters,
    ...tasks.flatMap(({ id, uses, node }): Outline[] =>
      id
        ? [
            {
              kind: 'task',
              name: id.value,
              detail: uses?.node.value ?? '',
              range: file.range(node.start, node.end),
              selection: file.range(id.start, id.end),
              children: [],
            },
          ]
        : [],
    ),
  ];
}
