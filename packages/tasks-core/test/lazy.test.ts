import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Prints the URLs of all modules that an import loads. */
const PROGRAM = `
import { registerHooks } from 'node:module';
const loaded = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
await import(process.argv[1]);
console.log(JSON.stringify(loaded));
`;

function loadedBy(door: string): string[] {
  const args = ['--input-type=module', '-e', PROGRAM, door];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, '..'), encoding: 'utf8' })) as string[];
}

it.each(['@summit/maestro-tasks-core', '@summit/maestro-tasks-core/ops/disclosure.verify'])(
  'importing %s loads no heavy library',
  (door) => {
    const loaded = loadedBy(door);
    expect(loaded.some((url) => url.includes('/tasks-core/dist/'))).toBe(true);
    expect(
      loaded.filter((url) =>
        /\/node_modules\/(?:ajv|ajv-formats|archiver|zip-stream|yauzl|re2js|fast-deep-equal|undici|ipaddr\.js|nats|kafkajs|pg|pg-[a-z]+|@aws-sdk\/[\w-]+|@smithy\/[\w-]+)\/|\/expressions\/dist\//.test(
          url,
        ),
      ),
    ).toEqual([]);
  },
);

it('a task’s own door loads no other task', () => {
  const loaded = loadedBy('@summit/maestro-tasks-core/tasks/wait.sleep');
  expect(loaded.filter((url) => /\/(?:schema\.validate|disclosure\.\w+)\.js$/.test(url))).toEqual([]);
});
