import { subWorkflowName } from '../model/build.ts';
import { allCalls, type Manifest } from '../model/manifest.ts';
import type { ParsedCatalogFile } from '../parse/catalog.ts';

/** One file among the others. */
interface Member {
  /** Grows with every change of any file. */
  revision: number;
  /** The manifests it has and those it refers to, by kind and name. */
  names: ReadonlySet<string>;
  /** Which manifests it has exactly, and whether that is certain; and what its runbooks run. */
  identity: string;
}

/**
 * Which files of a catalog may have a say in what is found in a file: those it refers to, those that refer to it, and so on.
 * Beyond them only the list of all manifests matters, from which suggestions are made, and what all runbooks run.
 */
export class Relations {
  readonly #members = new Map<string, Member>();
  #revision = 0;
  /** Changes with the list of all manifests and with who refers to whom. */
  #structure = 0;
  #groups: Map<string, Member[]> | undefined;

  set(path: string, parsed: ParsedCatalogFile): void {
    const before = this.#members.get(path);
    this.#revision += 1;
    const member = { revision: this.#revision, names: namesOf(parsed), identity: identityOf(parsed) };
    this.#members.set(path, member);
    if (before?.identity === member.identity && sameNames(before.names, member.names)) {
      // The same place in its group.
      const group = this.#groups?.get(path);
      group?.splice(group.indexOf(before), 1, member);
    } else this.#restructure();
  }

  delete(path: string): void {
    if (this.#members.delete(path)) this.#restructure();
  }

  /** Changes whenever something changes that may matter for a file. */
  stamp(path: string): string {
    this.#groups ??= groupsOf(this.#members);
    const group = this.#groups.get(path) ?? [];
    return `${this.#structure} ${group.reduce((latest, { revision }) => Math.max(latest, revision), 0)}`;
  }

  #restructure(): void {
    this.#structure += 1;
    this.#groups = undefined;
  }
}

function namesOf({ manifests }: ParsedCatalogFile): Set<string> {
  return new Set(manifests.flatMap((manifest) => [...(manifest.name === undefined ? [] : [ownName(manifest)]), ...mentions(manifest)]));
}

function ownName({ kind, name }: Manifest): string {
  return `${kind}/${name}`;
}

function mentions(manifest: Manifest): string[] {
  if (manifest.kind === 'Runbook') return manifest.workflowRef ? [`Workflow/${manifest.workflowRef.name}`] : [];
  return allCalls(manifest).flatMap(({ uses }) => {
    const name = uses && subWorkflowName(uses);
    return name === undefined ? [] : [`Workflow/${name}`];
  });
}

function identityOf({ manifests, incomplete }: ParsedCatalogFile): string {
  const identities = manifests.map((manifest) => {
    const { kind, name, version } = manifest;
    // A runbook whose workflow is not found leaves open for all workflows whether they are used.
    return [kind, name, version, kind === 'Runbook' ? manifest.workflowRef?.node.value : undefined];
  });
  return JSON.stringify([incomplete, ...identities]);
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}

/** The files that are connected by names they share, directly or through others. */
function groupsOf(members: ReadonlyMap<string, Member>): Map<string, Member[]> {
  const byName = new Map<string, string[]>();
  for (const [path, { names }] of members) {
    for (const name of names) {
      const paths = byName.get(name);
      if (paths) paths.push(path);
      else byName.set(name, [path]);
    }
  }
  const groups = new Map<string, Member[]>();
  for (const start of members.keys()) {
    if (groups.has(start)) continue;
    const group: Member[] = [];
    const open = [start];
    groups.set(start, group);
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      const member = members.get(path) as Member;
      group.push(member);
      for (const name of member.names) {
        for (const other of byName.get(name) ?? []) {
          if (groups.has(other)) continue;
          groups.set(other, group);
          open.push(other);
        }
        // Each name leads to its files once.
        byName.delete(name);
      }
    }
  }
  return groups;
}
