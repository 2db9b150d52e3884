import { readFileSync } from 'node:fs';
import { SERVICES, type ServiceName } from './catalog.ts';
import { ensure, stopUnused } from './service.ts';

/** What is used of vitest's `TestProject`. */
interface TestProject {
  /** `filenamePattern`: the files that the command line asks for. Nothing public says so; without it every server is started. */
  vitest: { filenamePattern?: string[] };
  globTestFiles(filters: string[]): Promise<{ testFiles: string[] }>;
}

const IMPORT = /import\s*\{([^}]*)\}\s*from\s*'@summit\/maestro-services'/g;

/**
 * Vitest's global set-up: gets and starts the servers that the tests to come need, since a test's time limit does not allow for
 * building them; all of them where every test is going to run. What cannot be started is said here, and fails the tests that need
 * it, no others. The returned teardown stops what was not there before, unless another run has come to use it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const wanted = await neededBy(project);
  await Promise.all(
    wanted.map(async (name) => {
      try {
        await ensure<object>(SERVICES[name]);
      } catch (error) {
        process.stderr.write(`${name} could not be started for the tests: ${(error as Error).message}\n`);
      }
    }),
  );
  return stopUnused;
}

async function neededBy(project: TestProject): Promise<ServiceName[]> {
  const all = Object.keys(SERVICES) as ServiceName[];
  const { filenamePattern } = project.vitest;
  if (!filenamePattern) return all;
  const { testFiles } = await project.globTestFiles(filenamePattern);
  const imported = new Set(testFiles.flatMap((file) => importsOf(readFileSync(file, 'utf8'))));
  return all.filter((name) => imported.has(name));
}

/** `kafkaBehindProxy` needs kafka. */
function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().replace(/^type .*|BehindProxy$/, '')),
  );
}
