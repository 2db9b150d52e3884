import type { ExprType } from '@summit/maestro-expressions';
import { alternatives, functions, typeName } from '@summit/maestro-expressions';
import type { Session } from '../../lint/session.ts';
import type { Site } from '../../lint/site.ts';
import { allTasks, type TaskView } from '../../model/manifest.ts';
import type { Completion } from './item.ts';

/** Inside `${`: a name, a field of what stands before the dot, or a function. */
export function nameCompletions(session: Session, site: Site, decoded: number, offset: number): Completion[] | undefined {
  const before = site.node.value.slice(0, decoded);
  const open = before.lastIndexOf('${');
  if (open === -1 || before.slice(open).includes('}')) return undefined;
  const expression = before.slice(open + 2);
  const [, container = '', typed = ''] = /((?:[A-Za-z_]\w*(?:\[[^\][]*\])?\??\.)*)([A-Za-z_]\w*)?$/.exec(expression) ?? [];
  const { file } = site.manifest;
  const from = offset - typed.length;
  const fields = container === '' ? roots(site) : members(session, site, container.replace(/\??\.$/, ''));
  return fields.map(({ name, ...rest }) => {
    if (isName(name)) return { label: name, newText: name, range: file.range(from, offset), ...rest };
    // Not a name of CEL: an index in its place, in the quotes that the scalar does not have.
    const quote = site.node.style === 'double' ? "'" : '"';
    return { label: name, newText: `[${quote}${name}${quote}]`, filter: `.${name}`, range: file.range(from - 1, offset), ...rest };
  });
}

interface Named {
  kind: Completion['kind'];
  name: string;
  detail?: string;
}

function roots({ manifest, task, place, call }: Site): Named[] {
  const names = manifest.kind === 'Runbook' ? ['inputs', 'run'] : ['params', 'tasks', 'run'];
  if (task?.forEach && place !== 'forEach' && place !== 'when') names.push('item', 'index');
  if (call) names.push('secrets');
  const { global, namespaces } = functions();
  return [
    ...names.map((name): Named => ({ kind: 'name', name })),
    ...[...global.keys()].filter(isName).map((name): Named => ({ kind: 'function', name, detail: global.get(name)?.[0]?.shown ?? '' })),
    ...[...namespaces.keys()].map((name): Named => ({ kind: 'function', name })),
  ];
}

/** What can follow the dot behind an expression. */
function members(session: Session, site: Site, container: string): Named[] {
  if (container === 'tasks') return readableTasks(session, site);
  const task = /^tasks(?:\.(\w+)|\[["']([\w-]+)["']\])$/.exec(container);
  if (task) return [field('output', undefined), field('status', undefined)];
  let type: ExprType | undefined;
  const checked = session.checkerAt(site).check(container, {
    observe: (_, found) => {
      // The last one is all of it; a mistake elsewhere in it does not matter here.
      type = found;
    },
  });
  if (checked.ok) type = checked.type;
  if (!type) return [];
  const fields = alternatives(type).flatMap((member) => (member.kind === 'object' ? [...member.fields] : []));
  if (fields.length > 0) return fields.map(([name, { type: held }]) => field(name, held));
  return [...functions().methods.keys()].filter(isName).map((name): Named => ({ kind: 'function', name }));
}

function field(name: string, type: ExprType | undefined): Named {
  return { kind: 'field', name, ...(type ? { detail: typeName(type) } : {}) };
}

function readableTasks(session: Session, { manifest, task }: Site): Named[] {
  if (manifest.kind !== 'Workflow') return [];
  const ancestors = task && task.list === 'tasks' ? session.dag(manifest).ancestors(task) : undefined;
  return allTasks(manifest).flatMap((other: TaskView): Named[] => {
    const id = other.id?.value;
    if (id === undefined || other === task || (ancestors && !ancestors.has(id))) return [];
    return [{ kind: 'field', name: id, ...(other.uses ? { detail: other.uses.node.value } : {}) }];
  });
}

function isName(name: string): boolean {
  return /^[A-Za-z]\w*$/.test(name);
}
