import { choices, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import type { TaskContract } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import type { Lock } from '../lock/lock.ts';
import { subWorkflowName } from '../model/build.ts';
import { allCalls, type Catalog, type Manifest, type Runbook, taskOf, type Workflow } from '../model/manifest.ts';
import { ContractIndex } from './contracts.ts';
import { ManifestIndex } from './manifests.ts';
import { isRange } from './versions.ts';

/** What a reference stands for: a runbook with its workflow, or a workflow to be run without a runbook. */
export interface Found {
  runbook?: Runbook;
  workflow?: Workflow;
  diagnostics: Diagnostic[];
}

/** Something that a resolved workflow executes: what it asks for, and what runs. */
export interface ResolvedTask {
  /** Id of the task, `parent/child` within a sub-workflow; absent where it has none that is valid. */
  id?: string;
  /** It undoes the task `id`. */
  compensates?: true;
  /** `uses` as written. */
  ref: string;
  /** Absent where nothing satisfies it. A workflow (`workflows/x`) has no digest: what it is made of follows it. */
  uses?: { name: string; version: string; digest?: string };
}

/** Every reference that a runbook or workflow is made of, pinned. */
export interface Resolved {
  runbook?: { name: string; version: string };
  workflow?: { name: string; version: string };
  tasks: ResolvedTask[];
  /** Where `ref` stands for nothing: one diagnostic, which has no file. */
  diagnostics: Diagnostic[];
}

/**
 * What `name` or `name@version-or-range` stands for, and what everything in it resolves to: the locked version, or the highest that
 * satisfies. A name means the runbook, or the workflow where there is no such runbook; `runbooks/name` and `workflows/name`
 * say which is meant. References inside that resolve to nothing are left open; `lint` tells them with their place.
 */
export function resolve(catalog: Catalog, contracts: readonly TaskContract[], ref: string, lock?: Lock): Resolved {
  const manifests = new ManifestIndex(catalog, lock);
  const { runbook, workflow, diagnostics } = find(catalog, manifests, ref);
  const index = new ContractIndex(contracts, lock);
  const resolved: Resolved = { tasks: workflow ? pinned(workflow, manifests, index, '', new Set()) : [], diagnostics };
  if (runbook) resolved.runbook = identity(runbook);
  if (workflow) resolved.workflow = identity(workflow);
  return resolved;
}

function identity({ name, version }: Manifest): { name: string; version: string } {
  return { name: name ?? '', version: version ?? '' };
}

/** All calls of a workflow and of those it uses, each of which is listed once, where it is first used: `known` are the ones that are. */
function pinned(workflow: Workflow, manifests: ManifestIndex, index: ContractIndex, prefix: string, known: Set<Workflow>): ResolvedTask[] {
  if (known.has(workflow)) return [];
  known.add(workflow);
  const tasks = allCalls(workflow).flatMap((call): ResolvedTask[] => {
    const { uses } = call;
    if (!uses) return [];
    const id = taskOf(call).id?.value;
    const task: ResolvedTask = { ref: uses.node.value };
    if (id !== undefined) task.id = prefix + id;
    if (call.undoes) task.compensates = true;
    const name = subWorkflowName(uses);
    if (name === undefined) {
      const contract = index.resolve(uses.name, uses.range);
      if (contract) task.uses = { name: contract.name, version: contract.version, digest: contract.digest };
      return [task];
    }
    const used = manifests.workflow(name, uses.range);
    if (!used) return [task];
    task.uses = { name: uses.name, version: used.version ?? '' };
    return [task, ...pinned(used, manifests, index, `${prefix}${id ?? ''}/`, known)];
  });
  return tasks;
}

/** The manifests that a reference stands for. */
export function find(catalog: Catalog, manifests: ManifestIndex, ref: string): Found {
  const { kinds, name, range } = parse(ref);
  if (range !== undefined && !isRange(range)) {
    return {
      diagnostics: [notFound(`${quoted(ref)} does not end in a version or semver range`, 'write e.g. name, name@1.0.0 or name@^1.0')],
    };
  }
  for (const kind of kinds) {
    const found = findKind(manifests, kind, name, range);
    if (found?.kind === 'Workflow') return { workflow: found, diagnostics: [] };
    if (found?.kind !== 'Runbook') continue;
    const workflow = found.workflowRef && manifests.workflow(found.workflowRef.name, found.workflowRef.range);
    return workflow ? { runbook: found, workflow, diagnostics: [] } : { runbook: found, diagnostics: [] };
  }
  return { diagnostics: [explain(catalog, manifests, kinds, name, range)] };
}

function parse(ref: string): { kinds: Manifest['kind'][]; name: string; range: string | undefined } {
  const at = ref.indexOf('@');
  const full = at === -1 ? ref : ref.slice(0, at);
  const range = at === -1 ? undefined : ref.slice(at + 1);
  if (full.startsWith('workflows/')) return { kinds: ['Workflow'], name: full.slice('workflows/'.length), range };
  if (full.startsWith('runbooks/')) return { kinds: ['Runbook'], name: full.slice('runbooks/'.length), range };
  return { kinds: ['Runbook', 'Workflow'], name: full, range };
}

/** Without a range the highest release, or the highest version at all where there are only pre-releases. */
function findKind(manifests: ManifestIndex, kind: Manifest['kind'], name: string, range: string | undefined): Manifest | undefined {
  const get = (wanted: string) => (kind === 'Runbook' ? manifests.runbook(name, wanted) : manifests.workflow(name, wanted));
  if (range !== undefined) return get(range);
  const [newest] = manifests.versions(kind, name);
  return get('*') ?? (newest === undefined ? undefined : get(newest));
}

function explain(
  catalog: Catalog,
  manifests: ManifestIndex,
  kinds: Manifest['kind'][],
  name: string,
  range: string | undefined,
): Diagnostic {
  const noun = kinds.map((kind) => kind.toLowerCase()).join(' or ');
  const unread = catalog.incomplete ? '; some documents of the catalog could not be read, see `maestro lint`' : '';
  for (const kind of kinds) {
    const versions = manifests.versions(kind, name);
    if (versions.length === 0) continue;
    const are = versions.length === 1 ? 'is' : 'are';
    const message = `no version of the ${kind.toLowerCase()} ${quoted(name)} satisfies ${quoted(range ?? '*')}; there ${are} ${choices(versions, 'and')}`;
    return notFound(message, `write ${name}@${versions[0]}${unread}`);
  }
  const names = [...new Set(kinds.flatMap((kind) => manifests.names(kind)))].sort();
  const message = `the catalog has no ${noun} ${quoted(name)}${didYouMean(nearest(name, names, 3))}`;
  return notFound(message, `${names.length === 0 ? 'the catalog is empty' : `there are ${choices(names, 'and')}`}${unread}`);
}

/** What was asked for stands in no file. */
function notFound(message: string, hint: string): Diagnostic {
  const start = { line: 1, col: 1 };
  return { code: 'workflow-not-found', severity: 'error', message, file: '', range: { start, end: start }, hint };
}
