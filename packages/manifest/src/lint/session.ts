import type { Checker } from '@summit/maestro-expressions';
import { alternatives, DYN, type ExprType, joinAll, schemaType } from '@summit/maestro-expressions';
import { type JsonSchema, outputOfCall, type TaskContract } from '@summit/maestro-sdk';
import type { Lock } from '../lock/lock.ts';
import { subWorkflowName } from '../model/build.ts';
import {
  allCalls,
  type CallView,
  type Catalog,
  type Manifest,
  type Reference,
  type Runbook,
  type TaskView,
  type Workflow,
} from '../model/manifest.ts';
import type { UsedReference } from '../model/references.ts';
import { limits } from '../parse/limits.ts';
import { child, isString, type Node, type StringNode } from '../parse/node.ts';
import { ContractIndex } from '../resolve/contracts.ts';
import { ManifestIndex } from '../resolve/manifests.ts';
import { Budget } from '../schema/budget.ts';
import { parametersSchema } from '../schema/parameter-schema.ts';
import type { CheckOptions, Dynamic } from '../schema/problem.ts';
import type { SourceFile } from '../text/source.ts';
import { type Analysis, analyze } from './analysis.ts';
import { alwaysComplete, type Condition, missingOutput } from './certainty.ts';
import { conditionOf } from './condition.ts';
import { type Dag, dagOf } from './dag.ts';
import { dynamicOf } from './dynamic.ts';
import { Scopes } from './scopes.ts';
import { type Site, sitesOf } from './site.ts';
import { MAX_DEPTH } from './sub-workflows.ts';
import type { Target } from './target.ts';
import { nodeType } from './value-type.ts';

/** What decides beyond the catalog and the tasks. */
export interface SessionOptions {
  /** Whether the catalog that a file is part of may hold code; absent: none may. */
  trusted?: (file: string) => boolean;
  /** What references are locked to; they resolve to that. Default: to the highest version that satisfies them. */
  lock?: Lock | undefined;
}

/** A catalog with the tasks that are installed, and what has been found out about them so far: everything is worked out once. */
export class Session {
  readonly catalog: Catalog;
  readonly contracts: ContractIndex;
  readonly manifests: ManifestIndex;
  readonly #scopes = new Map<Manifest, Scopes>();
  readonly #dags = new Map<Workflow, Dag>();
  readonly #budgets = new Map<SourceFile, Budget>();
  readonly #sites = new Map<Manifest, Site[]>();
  readonly #analyses = new Map<Site, Analysis>();
  readonly #byNode = new Map<Manifest, Map<object | undefined, Map<Node, Site>>>();
  readonly #dynamics = new Map<Site, Dynamic | { literal: string }>();
  readonly #inputs = new Map<Workflow, JsonSchema>();
  readonly #outputs = new Map<Workflow, ExprType>();
  readonly #conditions = new Map<TaskView, Condition>();
  readonly #complete = new Map<Workflow, boolean>();
  #depth = 0;

  readonly #lock: Lock | undefined;
  readonly #trusted: (file: string) => boolean;
  #used: Set<Manifest> | undefined;

  constructor(catalog: Catalog, contracts: readonly TaskContract[], options: SessionOptions = {}) {
    this.catalog = catalog;
    this.#trusted = options.trusted ?? (() => false);
    this.#lock = options.lock;
    this.contracts = new ContractIndex(contracts, options.lock);
    this.manifests = new ManifestIndex(catalog, options.lock);
  }

  /** Whether a lock says what a reference stands for. */
  isLocked({ key }: UsedReference): boolean {
    return this.#lock?.references.has(key) === true;
  }

  /** The version that is locked for a task or `workflows/name`. */
  lockedVersion({ name, range }: Pick<Reference, 'name' | 'range'>): string | undefined {
    return this.#lock?.references.get(`${name}@${range}`)?.version;
  }

  /** What runs for a call; `undefined` where `uses` resolves to nothing. */
  targetOf({ uses }: CallView): Target | undefined {
    if (!uses) return undefined;
    const name = subWorkflowName(uses);
    if (name === undefined) {
      const contract = this.contracts.resolve(uses.name, uses.range);
      return contract && { kind: 'task', contract };
    }
    const workflow = this.manifests.workflow(name, uses.range);
    return workflow && { kind: 'workflow', workflow };
  }

  /** The versions there are of a task or `workflows/name`, highest first. */
  versionsOf(uses: Pick<Reference, 'name'>): string[] {
    const name = subWorkflowName(uses);
    return name === undefined ? this.contracts.versions(uses.name) : this.manifests.versions('Workflow', name);
  }

  /** The contract of the task that runs for a call. */
  contractOf(call: CallView): TaskContract | undefined {
    const target = this.targetOf(call);
    return target?.kind === 'task' ? target.contract : undefined;
  }

  /** The schema of what a call is given; `undefined` where it is not known. */
  inputSchema(call: CallView): JsonSchema | undefined {
    const target = this.targetOf(call);
    if (target?.kind !== 'workflow') return target?.contract.input;
    const { workflow } = target;
    if (!workflow.parametersSound) return undefined;
    return remember(this.#inputs, workflow, () => parametersSchema(workflow.parameters.map((view) => view.parameter)));
  }

  /** The workflow that a runbook runs. */
  workflowOf({ workflowRef }: Runbook): Workflow | undefined {
    return workflowRef && this.manifests.workflow(workflowRef.name, workflowRef.range);
  }

  dag(workflow: Workflow): Dag {
    return remember(this.#dags, workflow, () => dagOf(workflow));
  }

  /** The strings with `${` of a manifest. */
  sites(manifest: Manifest): Site[] {
    return remember(this.#sites, manifest, () => sitesOf(manifest));
  }

  /** Before a walk: what an earlier one took does not count. */
  refill(): void {
    this.#budgets.clear();
  }

  /** What checking the values of a file may take, all rules of a walk together. */
  budget({ file }: Manifest): Budget {
    return remember(this.#budgets, file, () => new Budget(limits.checking));
  }

  /** What the expressions of a string are and what is wrong with them. */
  analysis(site: Site): Analysis {
    return remember(this.#analyses, site, () => analyze(site, this));
  }

  /** What a string in the input of a call is; `undefined` where it has no `${}`. */
  analysisAt(workflow: Workflow, call: CallView, node: Node): Analysis | undefined {
    const site = this.#sitesOf(workflow, call)?.get(node);
    return site && this.analysis(site);
  }

  /** Checks expressions as they may stand at a place. */
  checkerAt(site: Omit<Site, 'node'>): Checker {
    return remember(this.#scopes, site.manifest, () => new Scopes(this, site.manifest)).checkerAt(site);
  }

  /** Why the output of a task may not be there for an expression; `undefined` where it always is. */
  missingOutput(site: Omit<Site, 'node'>, id: string): string | undefined {
    const { manifest } = site;
    if (manifest.kind !== 'Workflow' || remember(this.#complete, manifest, () => alwaysComplete(manifest))) return undefined;
    return missingOutput(site, id, this.dag(manifest), (task) => this.condition(manifest, task));
  }

  /** What the `when` of a task says. */
  condition(workflow: Workflow, task: TaskView): Condition {
    return remember(this.#conditions, task, () => conditionOf(this.checkerAt({ manifest: workflow, place: 'when', task }), task));
  }

  /** A workflow, and all that it uses, directly or not. */
  reachable(workflow: Workflow): Workflow[] {
    const found = new Set([workflow]);
    for (const current of found) for (const used of this.subWorkflows(current)) found.add(used);
    return [...found];
  }

  /** The workflows that a workflow uses. */
  subWorkflows(workflow: Workflow): Workflow[] {
    return callsOfWorkflows(workflow).flatMap((call) => {
      const target = this.targetOf(call);
      return target?.kind === 'workflow' ? [target.workflow] : [];
    });
  }

  /** Whether a runbook or another workflow of the catalog runs a workflow, as far as that is known. */
  isUsed(workflow: Workflow): boolean {
    // Of a reference that resolves to nothing, which is told elsewhere, nobody knows what was meant.
    const unclear = (manifest: Manifest) => manifest.kind === 'Runbook' && !this.workflowOf(manifest);
    this.#used ??= new Set(
      this.catalog.incomplete || this.catalog.manifests.some(unclear)
        ? this.catalog.manifests
        : this.catalog.manifests.flatMap((manifest) =>
            manifest.kind === 'Runbook' ? (this.workflowOf(manifest) ?? []) : this.subWorkflows(manifest),
          ),
    );
    const used = this.#used;
    return this.manifests.twins(workflow).some((twin) => used.has(twin));
  }

  /** Whether the catalog that a file is part of may hold code. */
  trusts(file: string): boolean {
    return this.#trusted(file);
  }

  /** Whether a value in the input of a call is an expression that reads nothing: it is as good as a literal. */
  isConstant(workflow: Workflow, call: CallView, node: Node): boolean {
    const site = this.#sitesOf(workflow, call)?.get(node);
    if (!site) return false;
    const { value, refs } = this.analysis(site);
    return value.kind === 'expression' && refs.length === 0;
  }

  /** What one execution of a call returns. */
  bodyType(call: CallView): ExprType {
    const target = this.targetOf(call);
    if (!target) return DYN;
    return target.kind === 'task'
      ? schemaType(outputOfCall(target.contract, (name) => givenField(call, name)))
      : this.outputsType(target.workflow);
  }

  /** What a workflow returns. */
  outputsType(workflow: Workflow): ExprType {
    const known = this.#outputs.get(workflow);
    if (known) return known;
    // For a workflow that uses itself, or nests too deep, which is told elsewhere.
    if (this.#depth >= MAX_DEPTH) return DYN;
    this.#outputs.set(workflow, DYN);
    this.#depth += 1;
    const { outputs } = workflow;
    const type: ExprType = outputs ? nodeType(outputs, this.#analysisIn(workflow, undefined)) : { kind: 'object', fields: new Map() };
    this.#depth -= 1;
    this.#outputs.set(workflow, type);
    return type;
  }

  /** What a task with `forEach` goes over. */
  itemType(workflow: Workflow, { forEach }: TaskView): ExprType {
    if (!forEach?.sound) return DYN;
    const type = nodeType(forEach.in, this.#analysisIn(workflow, forEach));
    const lists = alternatives(type).flatMap((member) => (member.kind === 'list' ? [member.element] : []));
    return lists.length === 0 ? DYN : joinAll(lists);
  }

  /** For holding values of a manifest, or of one of its calls, against a schema: what the strings with `${` in it can become. */
  dynamicIn(manifest: Manifest, call?: CallView): NonNullable<CheckOptions['dynamic']> {
    const byNode = this.#sitesOf(manifest, call);
    return (node) => {
      const site = byNode?.get(node);
      return site && remember(this.#dynamics, site, () => dynamicOf(this.analysis(site)));
    };
  }

  #analysisIn(manifest: Manifest, part: object | undefined): (node: StringNode) => Analysis | undefined {
    const byNode = this.#sitesOf(manifest, part);
    return (node) => {
      const site = byNode?.get(node);
      return site && this.analysis(site);
    };
  }

  /** The sites in the input of a call, or in the list of a `forEach`; without one those of the outputs or bindings. */
  #sitesOf(manifest: Manifest, part: object | undefined): Map<Node, Site> | undefined {
    const byPart = remember(this.#byNode, manifest, () => {
      const all = new Map<object | undefined, Map<Node, Site>>();
      for (const site of this.sites(manifest)) {
        const key = site.place === 'forEach' ? site.task?.forEach : site.call;
        if (site.place !== 'when') remember(all, key, () => new Map()).set(site.node, site);
      }
      return all;
    });
    return byPart.get(part);
  }
}

const known = new WeakMap<Workflow, CallView[]>();

/** The calls that are of workflows, as most are not. An editor asks this of the whole catalog after every change, so it outlives a session. */
function callsOfWorkflows(workflow: Workflow): CallView[] {
  let calls = known.get(workflow);
  if (!calls) {
    calls = allCalls(workflow).filter(({ uses }) => uses && subWorkflowName(uses) !== undefined);
    known.set(workflow, calls);
  }
  return calls;
}

function remember<K, V>(known: Map<K, V>, key: K, work: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = work();
    known.set(key, value);
  }
  return value;
}

/** What a call gives for a field, as far as the text tells: a literal without an expression, something, or nothing. */
function givenField(call: CallView, name: string): { value: unknown } | 'given' | 'unknown' {
  if (!call.withSound || (call.with === undefined && call.withEntry !== undefined)) return 'unknown';
  const node = child(call.with, name);
  if (node === undefined) return { value: undefined };
  if (node.kind !== 'scalar') return 'given';
  // An optional without a value leaves the field out; any other expression gives it one, or the task does not run.
  if (isString(node) && node.value.includes('${')) return /\?|optional/.test(node.value) ? 'unknown' : 'given';
  return { value: node.value };
}
