import type { TaskContract } from '@summit/maestro-sdk';
import type { Checker } from '../expressions/index.ts';
import type { Catalog, Manifest, Runbook, TaskView, Workflow } from '../model/manifest.ts';
import type { Node } from '../parse/node.ts';
import { ContractIndex } from '../resolve/contracts.ts';
import { ManifestIndex } from '../resolve/manifests.ts';
import type { CheckOptions, Dynamic } from '../schema/problem.ts';
import { type Analysis, analyze } from './analysis.ts';
import { type Dag, dagOf } from './dag.ts';
import { dynamicOf } from './dynamic.ts';
import { checkerFor } from './scopes.ts';
import { type Site, sitesOf } from './site.ts';

/** A catalog with the tasks that are installed, and what has been found out about them so far: everything is worked out once. */
export class Session {
  readonly catalog: Catalog;
  readonly contracts: ContractIndex;
  readonly manifests: ManifestIndex;
  readonly #checkers = new Map<Manifest, Checker>();
  readonly #dags = new Map<Workflow, Dag>();
  readonly #sites = new Map<Manifest, Site[]>();
  readonly #analyses = new Map<Site, Analysis>();
  readonly #byNode = new Map<Manifest | TaskView, Map<Node, Site>>();
  readonly #dynamics = new Map<Site, Dynamic | { literal: string }>();

  constructor(catalog: Catalog, contracts: readonly TaskContract[]) {
    this.catalog = catalog;
    this.contracts = new ContractIndex(contracts);
    this.manifests = new ManifestIndex(catalog);
  }

  /** The contract that runs for a task; `undefined` where `uses` resolves to nothing. */
  contractOf(task: TaskView): TaskContract | undefined {
    return task.uses && this.contracts.resolve(task.uses.name, task.uses.range);
  }

  /** The workflow that a runbook runs. */
  workflowOf({ workflowRef }: Runbook): Workflow | undefined {
    return workflowRef && this.manifests.workflow(workflowRef.name, workflowRef.range);
  }

  dag(workflow: Workflow): Dag {
    return remember(this.#dags, workflow, () => dagOf(workflow));
  }

  /** The strings with `${` of a manifest, in the order of the text. */
  sites(manifest: Manifest): Site[] {
    return remember(this.#sites, manifest, () => sitesOf(manifest));
  }

  /** What the expressions of a string are and what is wrong with them. */
  analysis(site: Site): Analysis {
    return remember(this.#analyses, site, () => analyze(site, this));
  }

  /** Checks expressions of a manifest. */
  checkerOf(manifest: Manifest): Checker {
    return remember(this.#checkers, manifest, () => checkerFor(this, manifest));
  }

  /** For holding values of a manifest, or of one of its tasks, against a schema: what the strings with `${` in it can become. */
  dynamicIn(manifest: Manifest, task?: TaskView): NonNullable<CheckOptions['dynamic']> {
    const byNode = remember(this.#byNode, task ?? manifest, () => {
      const sites = this.sites(manifest).filter((site) => site.task === task);
      return new Map<Node, Site>(sites.map((site) => [site.node, site]));
    });
    return (node) => {
      const site = byNode.get(node);
      return site && remember(this.#dynamics, site, () => dynamicOf(this.analysis(site)));
    };
  }
}

function remember<K, V>(known: Map<K, V>, key: K, work: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = work();
    known.set(key, value);
  }
  return value;
}
