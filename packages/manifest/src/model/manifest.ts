import type { Diagnostic } from '../diagnostic.ts';
import type { Entry, MapNode, Node, Path, StringNode } from '../parse/node.ts';
import type { Parameter } from '../plan.ts';
import type { SourceFile } from '../text/source.ts';

/** What can be said of a document, whether or not all of it is well-formed: what is wrong is simply absent. */
interface ManifestBase {
  /** Absent where the document has none that is valid; nothing can then refer to it. */
  name?: string;
  version?: string;
  file: SourceFile;
  root: MapNode;
  nameNode?: StringNode;
  /** Nothing is wrong with the document by its own schema. */
  sound: boolean;
}

export interface Runbook extends ManifestBase {
  kind: 'Runbook';
  inputs: ParameterView[];
  /** Every input is well-formed: a name that is not among them is certainly wrong. */
  inputsSound: boolean;
  workflowRef?: Reference;
  /** `spec.with`, where it is a mapping. */
  with?: MapNode;
  /** Nothing is wrong with `spec.with`, nor is it misspelt. */
  withSound: boolean;
}

export interface Workflow extends ManifestBase {
  kind: 'Workflow';
  parameters: ParameterView[];
  parametersSound: boolean;
  tasks: TaskView[];
  /** `spec.onFailure`, then `spec.finally`. */
  hooks: TaskView[];
  /** Every task has a valid id: one that is not among them is certainly wrong. */
  idsSound: boolean;
  /** `spec.outputs`, where it is a mapping. */
  outputs?: MapNode;
}

export type Manifest = Runbook | Workflow;

/** `name@version-or-range` and where it stands. */
export interface Reference {
  name: string;
  range: string;
  node: StringNode;
}

export interface ParameterView {
  parameter: Parameter;
  node: MapNode;
  name: StringNode;
  sound: boolean;
}

/** What is executed: `uses` and `with`, of a task or of its `compensate`. */
export interface CallView {
  node: MapNode;
  /** Of the node in its document. */
  path: Path;
  uses?: Reference;
  /** `with`, where it is a mapping. */
  with?: MapNode;
  withEntry?: Entry;
  /** Nothing is wrong with `with`, nor is it misspelt. */
  withSound: boolean;
  /** Where the call is the compensation of a task. */
  undoes?: TaskView;
}

/** The lists of tasks of a workflow. */
export type TaskListName = 'tasks' | 'onFailure' | 'finally';

export interface TaskView extends CallView {
  list: TaskListName;
  index: number;
  id?: StringNode;
  needs: StringNode[];
  needsEntry?: Entry;
  /** The condition, where it is text. */
  when?: StringNode;
  /** What the task runs over, where there is something; `sound`: nothing is wrong with `forEach`. */
  forEach?: { in: Node; keepsGoing: boolean; sound: boolean };
  continueOnError: boolean;
  compensate?: CallView;
  /** Nothing is wrong with the task by its schema; nor with its `needs`, nor are they misspelt. */
  sound: boolean;
  needsSound: boolean;
}

/** All tasks of a workflow, hooks included. */
export function allTasks(workflow: Workflow): TaskView[] {
  return workflow.hooks.length === 0 ? workflow.tasks : [...workflow.tasks, ...workflow.hooks];
}

/** Everything a workflow executes, in the order of the text. */
export function allCalls(workflow: Workflow): CallView[] {
  return allTasks(workflow).flatMap((task) => (task.compensate ? [task, task.compensate] : [task]));
}

/** The task that a call is or belongs to. */
export function taskOf(call: CallView): TaskView {
  return call.undoes ?? (call as TaskView);
}

/** All manifests of a catalog, as read; see `parseCatalog`. */
export interface Catalog {
  files: SourceFile[];
  manifests: Manifest[];
  /** Some document could not be identified, so that a name that is not found may be in there. */
  incomplete: boolean;
  /** What the parser found; `lint` returns it with its own findings. */
  diagnostics: Diagnostic[];
}
