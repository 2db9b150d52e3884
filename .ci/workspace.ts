import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Standard output of `pnpm` with these arguments, run at the root; throws, with what it said, when it fails. */
export function pnpm(...args: string[]): string {
  return execFileSync('pnpm', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The fields of a package.json that are looked at here. */
export interface Manifest {
  name: string;
  version: string;
  bin?: Record<string, string>;
  exports?: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

export interface Package {
  name: string;
  version: string;
  /** Its folder. */
  path: string;
  manifest: Manifest;
}

/** A package as it would be published: `files` are the paths inside `tarball`. */
export interface PackedPackage extends Package {
  tarball: string;
  files: string[];
}

/** The packages that are published, each after those it depends on. The workspace itself says which they are; no list is kept here. */
export function publicPackages(): Package[] {
  const projects: { path: string; private?: boolean }[] = JSON.parse(pnpm('list', '--recursive', '--depth', '-1', '--json'));
  const found = projects
    .filter((project) => project.private !== true)
    .map(({ path }): Package => {
      const manifest: Manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
      return { name: manifest.name, version: manifest.version, path, manifest };
    });
  const ordered: Package[] = [];
  const place = (one: Package, above: Package[]): void => {
    if (ordered.includes(one)) return;
    if (above.includes(one))
      throw new Error(`packages depend on each other in a circle: ${[...above, one].map((p) => p.name).join(' -> ')}`);
    for (const name of Object.keys({ ...one.manifest.dependencies, ...one.manifest.peerDependencies })) {
      const below = found.find((other) => other.name === name);
      if (below) place(below, [...above, one]);
    }
    ordered.push(one);
  };
  for (const one of found) place(one, []);
  return ordered;
}

/** Packs every public package into `folder`, in the order of `publicPackages()`. */
export function packAll(folder: string): PackedPackage[] {
  const packages = publicPackages();
  const filters = packages.flatMap(({ name }) => ['--filter', name]);
  const packed: { name: string; filename: string; files: { path: string }[] }[] = JSON.parse(
    pnpm('--recursive', ...filters, 'pack', '--pack-destination', folder, '--json'),
  );
  return packages.map((one) => {
    const { filename, files } = packed.find(({ name }) => name === one.name) ?? { filename: undefined, files: [] };
    if (filename === undefined) throw new Error(`pnpm has not packed ${one.name}`);
    return { ...one, tarball: join(folder, basename(filename)), files: files.map((file) => file.path) };
  });
}
