import type { Range } from '../diagnostic.ts';
import type { ExprType } from '../expressions/index.ts';
import { functions } from '../expressions/types/signatures.ts';
import { alternatives, typeName } from '../expressions/types/type.ts';
import type { Session } from '../lint/session.ts';
import type { Site } from '../lint/site.ts';
import { allTasks, type Manifest, type TaskView, type Workflow } from '../model/manifest.ts';
import { isString } from '../parse/node.ts';
import { siteAt } from './expression-at.ts';
import { startsWith, taskText } from './hover.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { type Spot, spotAt } from './spot.ts';

/** Something that can stand at the cursor. */
export interface Completion {
  kind: 'task' | 'workflow' | 'name' | 'field' | 'function';
  label: string;
  /** Put in place of `range`. */
  newText: string;
  range: Range;
  /** What is typed is held against this; absent: the label. */
  filter?: string;
  detail?: string;
  /** Markdown. */
  text?: string;
}

/** What is put behind the cursor so that text which is being typed can be read. */
const ENDINGS = ['', '}', '}"', "}'", '}" }', '} }', '"', "'", ']', '" }', ' }'];

/** What can stand at an offset: names inside `${}`, tasks in `uses`, ids in `needs`, workflows in `workflowRef`, fields of `with`. */
export function completionsAt(catalog: LiveCatalog, path: string, offset: number): Completion[] {
  const file = catalog.file(path);
  if (!file) return [];
  for (const ending of ENDINGS) {
    const text = file.text.slice(0, offset) + ending + file.text.slice(offset);
    const { session, manifests } =
      ending === '' ? { session: catalog.session, manifests: catalog.manifests(path) } : catalog.supposing(path, text);
    const spot = spotAt(manifests, offset);
    const found = spot && complete(session, spot, offset);
    if (found) return found;
  }
  return [];
}

/** `undefined` where the text has to be read another way. */
function complete(session: Session, spot: Spot, offset: number): Completion[] | undefined {
  const { manifest, path, node, entry, onKey } = spot;
  const inside = siteAt(session, manifest, offset);
  if (inside) return inExpression(session, inside.site, inside.decoded, offset);
  if (onKey) return undefined;
  const empty = node.kind === 'scalar' && node.empty === true;
  if (!isString(node) && !empty) return path.at(-1) === 'needs' ? needs(manifest, spot, offset, offset) : undefined;
  const [start, end] = empty ? [offset, offset] : [node.start, node.end];
  if (entry?.name === 'uses' && manifest.kind === 'Workflow') return uses(session, manifest, start, end);
  if (entry?.name === 'workflowRef' && manifest.kind === 'Runbook') return workflows(session, manifest, '', start, end);
  if (path.at(-2) === 'needs' || path.at(-1) === 'needs') return needs(manifest, spot, start, end);
  return undefined;
}

function uses(session: Session, manifest: Workflow, start: number, end: number): Completion[] {
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

/** Inside `${`: a name, a field of what stands before the dot, or a function. */
function inExpression(session: Session, site: Site, decoded: number, offset: number): Completion[] | undefined {
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
