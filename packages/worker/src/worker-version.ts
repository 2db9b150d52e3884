import { readFileSync } from 'node:fs';
import { canonicalJson, sha256Hex } from '@summit/maestro-sdk';
import type { TaskPackage } from './packages/find.ts';
import type { TaskRegistry } from './packages/tasks.ts';

/** What makes one worker's code another's: what a run has recorded fits the code that recorded it. */
export interface WorkerVersion {
  /** First 12 digits of the SHA-256 of the rest. */
  id: string;
  /** Version of this package: how plans are walked. */
  worker: string;
  /** `name@version` of the task packages, sorted. */
  packages: string[];
  /** SHA-256 over the contracts of all tasks. */
  contracts: string;
  /** The pools it serves, sorted. */
  pools: string[];
  /** What the installation calls it, e.g. the tag of an image. */
  release?: string;
}

/** The version of a worker with these task packages. Where they are installed has no say, nor has any order. */
export function workerVersion(
  packages: readonly TaskPackage[],
  registry: TaskRegistry,
  pools: readonly string[],
  release?: string,
): WorkerVersion {
  const contracts = registry.contracts().map(({ name, version, digest }) => `${name}@${version} ${digest}`);
  const content = {
    worker: ownVersion(),
    packages: packages.map(({ ownName, version }) => `${ownName}@${version}`).sort(),
    contracts: `sha256:${sha256Hex(canonicalJson(contracts.sort()))}`,
    pools: [...pools].sort(),
    ...(release === undefined ? {} : { release }),
  };
  return { id: sha256Hex(canonicalJson(content)).slice(0, 12), ...content };
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
