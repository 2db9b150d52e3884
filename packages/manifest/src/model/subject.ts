import { quoted } from '@summit/maestro-expressions/text';
import { child, isString, type Node, type Path } from '../parse/node.ts';

const singulars: { [list: string]: string } = {
  tasks: 'task',
  onFailure: 'task',
  finally: 'task',
  inputs: 'input',
  parameters: 'parameter',
};

/** How messages call the value at a path of a manifest: `timeout of task "fetch"`, `metadata.name`, `the runbook`. */
export function subject(root: Node, kind: string, path: Path): string {
  if (path.length === 0) return `the ${kind.toLowerCase()}`;
  const [spec, list, index, ...rest] = path;
  const singular = singulars[String(list)];
  if (spec !== 'spec' || singular === undefined || typeof index !== 'number') return dotted(path);
  const items = child(child(root, 'spec'), String(list));
  const name = child(items?.kind === 'seq' ? items.items[index] : undefined, singular === 'task' ? 'id' : 'name');
  const naming = rest.length === 1 && (rest[0] === 'id' || rest[0] === 'name');
  if (!isString(name) || naming) return dotted(path);
  const title = `${singular} ${quoted(name.value)}`;
  return rest.length === 0 ? title : `${dotted(rest)} of ${title}`;
}

/** `spec.tasks[0].with["a b"]` */
export function dotted(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `[${quoted(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
