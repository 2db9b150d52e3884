import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import { type ComparedContract, type ContractComparison, compareContracts } from '../contracts/compare.ts';
import type { Catalog, Workflow } from '../model/manifest.ts';
import { referencesOf, type UsedReference } from '../model/references.ts';
import { ContractIndex } from '../resolve/contracts.ts';
import { ManifestIndex } from '../resolve/manifests.ts';
import { highest, sorted } from '../resolve/versions.ts';
import { valueSchema } from '../schema/parameter-schema.ts';
import type { Lock } from './lock.ts';

/** A reference to a version that is not the newest there is. */
export interface OutdatedReference extends ContractComparison {
  /** As a lock file names it: `connectors/s3.get@^0.1`, `workflows/name@1.0.0`. */
  ref: string;
  kind: 'task' | 'workflow';
  name: string;
  /** What it resolves to. */
  current: string;
  /** The highest version that satisfies it: `maestro lock` would lock this one. */
  wanted: string;
  /** The highest version there is. `compatible` and `changes` are about going from `current` to this one. */
  latest: string;
  /** Where it stands. */
  places: { file: string; line: number }[];
}

/**
 * The references of a catalog to tasks and workflows of which a newer version is installed or in the catalog, sorted. Releases only,
 * unless the reference resolves to a pre-release. What resolves to nothing is not told: `lint` does.
 */
export function outdated(catalog: Catalog, contracts: readonly TaskContract[], lock?: Lock): OutdatedReference[] {
  const tasks = new ContractIndex(contracts, lock);
  const workflows = new ManifestIndex(catalog, lock);
  const found = new Map<string, OutdatedReference | undefined>();
  for (const manifest of catalog.manifests) {
    for (const ref of referencesOf(manifest)) {
      if (!found.has(ref.key)) found.set(ref.key, ref.kind === 'task' ? newerTask(ref, tasks) : newerWorkflow(ref, workflows));
      const line = manifest.file.position(ref.node.start).line;
      found.get(ref.key)?.places.push({ file: manifest.file.path, line });
    }
  }
  return [...found.values()].filter((entry) => entry !== undefined).sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

function newerTask({ key, name, range }: UsedReference, tasks: ContractIndex): OutdatedReference | undefined {
  const contract = tasks.resolve(name, range);
  const versions = contract && newer(contract.version, tasks.versions(name), range);
  const latest = versions && tasks.at(name, versions.latest);
  if (!versions || !latest) return undefined;
  return { ref: key, kind: 'task', name, ...versions, ...compareContracts(contract, latest), places: [] };
}

function newerWorkflow({ key, name, range }: UsedReference, workflows: ManifestIndex): OutdatedReference | undefined {
  const workflow = workflows.workflow(name, range);
  if (workflow?.version === undefined) return undefined;
  const versions = newer(workflow.version, workflows.versions('Workflow', name), range);
  const latest = versions && workflows.at('Workflow', name, versions.latest);
  if (!versions || latest?.kind !== 'Workflow') return undefined;
  const comparison = compareContracts(contractOf(workflow), contractOf(latest));
  return { ref: key, kind: 'workflow', name, ...versions, ...comparison, places: [] };
}

function newer(current: string, versions: string[], range: string): Pick<OutdatedReference, 'current' | 'wanted' | 'latest'> | undefined {
  const latest = current.includes('-') ? versions[0] : highest(versions, '*');
  if (latest === undefined || latest === current || sorted([latest, current])[0] === current) return undefined;
  return { current, wanted: highest(versions, range) ?? current, latest };
}

/** What a workflow takes and returns; of its outputs only the names are declared. */
function contractOf({ parameters, outputs }: Workflow): ComparedContract {
  const fields = new Map<string, JsonSchema>(parameters.map(({ parameter }) => [parameter.name, valueSchema(parameter) as JsonSchema]));
  const names = [...(outputs?.entries.keys() ?? [])];
  const required = parameters.filter(({ parameter }) => parameter.required && parameter.default === undefined);
  return {
    effect: 'none',
    durable: false,
    input: {
      type: 'object',
      properties: Object.fromEntries(fields),
      required: required.map(({ parameter }) => parameter.name),
      additionalProperties: false,
    },
    output: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, {}])),
      required: names,
      additionalProperties: false,
    },
  };
}
