import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contractOf, type DeclaredTask } from '@summit/maestro-sdk';
import { describe, expect, it } from 'vitest';
import * as door from './index.ts';

const here = import.meta.dirname;
const folders = ['tasks', 'connectors', 'ops'];
/** Files beside the tasks that are none. */
const notTasks = ['ops/disclosure.verify.ts'];

const files = readdirSync(here)
  .filter((folder) => folders.includes(folder))
  .flatMap((folder) => readdirSync(join(here, folder)).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !notTasks.includes(file));

/** `connectors/kafka.publish` -> `kafkaPublish` */
function exportName(task: string): string {
  return (task.split('/')[1] as string).replace(/[.-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe('the catalog', () => {
  it('lists every task file, and nothing else', () => {
    expect(door.tasks.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort());
  });

  it.each(door.tasks.map((task) => [task.name, task as DeclaredTask] as const))('%s: file, name and export agree', async (name, task) => {
    const module = (await import(/* @vite-ignore */ `./${name}.ts`)) as Record<string, unknown>;
    expect(module.default).toBe(task);
    expect(module[exportName(name)]).toBe(task);
    expect((door as Record<string, unknown>)[exportName(name)]).toBe(task);
  });

  it.each(door.tasks.map((task) => [task.name] as const))('%s has a subpath of its own', (name) => {
    const { exports } = JSON.parse(readFileSync(join(here, '../package.json'), 'utf8')) as { exports: Record<string, string> };
    expect(exports[`./${name}`]).toBe(`./dist/${name}.js`);
  });

  it('has a contract for each', () => {
    for (const task of door.tasks as readonly DeclaredTask[]) expect(contractOf(task).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});
