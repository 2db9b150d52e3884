import type { JsonObject } from '@summit/maestro-sdk';
import { child, entry, isString, type MapNode, type Node, type Path, toJson } from '../parse/node.ts';
import type { Parameter, ParameterType } from '../plan.ts';
import { isRange } from '../resolve/versions.ts';
import { parameterTypes } from '../schema/parameter-schema.ts';
import type { SchemaProblem } from '../schema/problem.ts';
import type { SourceFile } from '../text/source.ts';
import type { CallView, Manifest, ParameterView, Reference, Runbook, TaskListName, TaskView, Workflow } from './manifest.ts';

/** Where the schema found something wrong. */
export class Faults {
  readonly #places = new Set<string>();
  readonly #hidden = new Set<string>();

  constructor(problems: readonly SchemaProblem[]) {
    for (const { kind, path, entry, near, free, missing } of problems) {
      this.#add(entry ? [...path, entry.name] : path);
      // What is misspelt, missing or of another type is there in the author's mind, with all that should be in it.
      for (const name of missing ?? (near === undefined ? free : [near]) ?? []) this.#hidden.add(key([...path, name]));
      if (kind === 'type') this.#hidden.add(key(path));
    }
  }

  #add(path: Path): void {
    for (let length = 0; length <= path.length; length++) this.#places.add(key(path.slice(0, length)));
  }

  /** Whether anything at or below `path` is wrong. */
  at(path: Path): boolean {
    return this.#places.has(key(path));
  }

  /** Whether what is at `path` cannot be relied on: something at or below is wrong, or it cannot be seen. */
  blurs(path: Path): boolean {
    return this.at(path) || path.some((_, at) => this.#hidden.has(key(path.slice(0, at + 1))));
  }
}

function key(path: Path): string {
  return path.join('\0');
}

/** Reads a document of a known kind; `faults` say which parts of it cannot be relied on. */
export function buildManifest(kind: Manifest['kind'], file: SourceFile, root: MapNode, faults: Faults): Manifest {
  const spec = child(root, 'spec');
  const sound = !faults.at([]);
  if (kind === 'Runbook') {
    const inputs = parameters(child(spec, 'inputs'), faults, 'inputs');
    const runbook: Runbook = { kind, file, root, sound, inputs: inputs.views, inputsSound: inputs.sound, withSound: true };
    identify(runbook, faults);
    const ref = reference(child(spec, 'workflowRef'));
    if (ref && isRange(ref.range) && !faults.at(['spec', 'workflowRef'])) runbook.workflowRef = ref;
    const bindings = child(spec, 'with');
    if (bindings?.kind === 'map') runbook.with = bindings;
    runbook.withSound = !faults.blurs(['spec', 'with']);
    return runbook;
  }
  const params = parameters(child(spec, 'parameters'), faults, 'parameters');
  const workflow: Workflow = {
    kind,
    file,
    root,
    sound,
    parameters: params.views,
    parametersSound: params.sound,
    tasks: tasks(spec, 'tasks', faults),
    hooks: [...tasks(spec, 'onFailure', faults), ...tasks(spec, 'finally', faults)],
    idsSound: lists.every((list) => !faults.blurs(['spec', list]) || !unclearIds(spec, list, faults)),
  };
  identify(workflow, faults);
  const outputs = child(spec, 'outputs');
  if (outputs?.kind === 'map') workflow.outputs = outputs;
  return workflow;
}

function identify(manifest: Manifest, faults: Faults): void {
  const metadata = child(manifest.root, 'metadata');
  const name = child(metadata, 'name');
  const version = child(metadata, 'version');
  if (isString(name) && !faults.at(['metadata', 'name'])) {
    manifest.name = name.value;
    manifest.nameNode = name;
  }
  if (isString(version) && !faults.at(['metadata', 'version'])) manifest.version = version.value;
}

function parameters(node: Node | undefined, faults: Faults, field: string): { views: ParameterView[]; sound: boolean } {
  if (node?.kind !== 'seq' && !faults.blurs(['spec', field])) return { views: [], sound: true };
  if (node?.kind !== 'seq') return { views: [], sound: false };
  const views: ParameterView[] = [];
  for (const [index, item] of node.items.entries()) {
    const view = parameter(item, !faults.at(['spec', field, index]));
    if (view) views.push(view);
  }
  return { views, sound: views.length === node.items.length && views.every((view) => view.sound) };
}

function parameter(node: Node, sound: boolean): ParameterView | undefined {
  const name = child(node, 'name');
  const type = child(node, 'type');
  if (node.kind !== 'map' || !isString(name)) return undefined;
  const known = isString(type) && Object.hasOwn(parameterTypes, type.value);
  // Of an unknown type: it exists, and can be anything.
  const read: Parameter = { name: name.value, type: known ? (type.value as ParameterType) : 'string', required: false };
  const required = child(node, 'required');
  if (isTrue(required)) read.required = true;
  const byDefault = child(node, 'default');
  if (byDefault) read.default = toJson(byDefault);
  const values = child(node, 'enum');
  if (values?.kind === 'seq') read.enum = values.items.map(toJson);
  const pattern = child(node, 'pattern');
  if (isString(pattern)) read.pattern = pattern.value;
  const schema = child(node, 'schema');
  if (schema?.kind === 'map') read.schema = toJson(schema) as JsonObject;
  const description = child(node, 'description');
  if (isString(description)) read.description = description.value;
  return { parameter: read, node, name, sound: sound && known };
}

const lists: readonly TaskListName[] = ['tasks', 'onFailure', 'finally'];

function tasks(spec: Node | undefined, name: TaskListName, faults: Faults): TaskView[] {
  const list = child(spec, name);
  if (list?.kind !== 'seq') return [];
  return list.items.flatMap((node, index) => (node.kind === 'map' ? [task(node, name, index, faults)] : []));
}

/** Whether a task may have another id than the one that is read, or none. */
function unclearIds(spec: Node | undefined, name: TaskListName, faults: Faults): boolean {
  const list = child(spec, name);
  if (list?.kind !== 'seq') return true;
  return list.items.some((node, index) => node.kind !== 'map' || faults.blurs(['spec', name, index, 'id']));
}

function task(node: MapNode, list: TaskListName, index: number, faults: Faults): TaskView {
  const path: Path = ['spec', list, index];
  const needsEntry = entry(node, 'needs');
  const view: TaskView = {
    ...call(node, path, faults),
    list,
    index,
    needs: needsEntry?.value.kind === 'seq' ? needsEntry.value.items.filter(isString) : [],
    sound: !faults.at(path),
    needsSound: !faults.blurs([...path, 'needs']),
    continueOnError: isTrue(child(node, 'continueOnError')),
  };
  const id = child(node, 'id');
  if (isString(id) && !faults.at([...path, 'id'])) view.id = id;
  if (needsEntry) view.needsEntry = needsEntry;
  const when = child(node, 'when');
  if (isString(when)) view.when = when;
  const forEach = child(node, 'forEach');
  if (forEach) {
    const onError = child(forEach, 'onError');
    view.forEach = {
      in: child(forEach, 'in') ?? forEach,
      keepsGoing: isString(onError) && onError.value === 'continue',
      sound: !faults.blurs([...path, 'forEach']),
    };
  }
  const compensate = child(node, 'compensate');
  if (compensate?.kind === 'map') view.compensate = { ...call(compensate, [...path, 'compensate'], faults), undoes: view };
  return view;
}

function call(node: MapNode, path: Path, faults: Faults): CallView {
  const view: CallView = { node, path, withSound: !faults.blurs([...path, 'with']) };
  const uses = reference(child(node, 'uses'));
  if (uses && isRange(uses.range) && !faults.at([...path, 'uses'])) view.uses = uses;
  const withEntry = entry(node, 'with');
  if (withEntry) view.withEntry = withEntry;
  if (withEntry?.value.kind === 'map') view.with = withEntry.value;
  return view;
}

function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.value === true;
}

/** A string of the form `name@range`, whatever its parts are. */
export function reference(node: Node | undefined): Reference | undefined {
  if (!isString(node)) return undefined;
  const at = node.value.lastIndexOf('@');
  return at === -1 ? undefined : { name: node.value.slice(0, at), range: node.value.slice(at + 1).trim(), node };
}

/** The name of the workflow, where a reference is to a sub-workflow. */
export function subWorkflowName({ name }: Pick<Reference, 'name'>): string | undefined {
  return name.startsWith('workflows/') ? name.slice('workflows/'.length) : undefined;
}
