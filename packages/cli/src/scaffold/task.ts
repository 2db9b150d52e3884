import path from 'node:path';
import { CliError } from '../errors.ts';
import type { NewFile } from './write.ts';

const NAME = /^(tasks|connectors|ops)\/([a-z][a-z0-9]*(?:[.-][a-z0-9]+)*)$/;

/** A new task, as files and as names. */
export interface NewTask {
  files: [task: NewFile, test: NewFile];
  /** The name its module exports it by. */
  exportName: string;
}

/** A working task called `name` and its test, below the source folder `dir`. Throws `USAGE` for a name that no task may have. */
export function newTaskFiles(name: string, dir: string): NewTask {
  const match = NAME.exec(name);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new CliError(`"${name}" is no name of a task`, {
      code: 'USAGE',
      next: 'write tasks/x, connectors/service.verb or ops/thing.verb, in small letters',
    });
  }
  const base = match[2];
  const exportName = base.replace(/[.-]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const file = path.join(dir, match[1], `${base}.ts`);
  return {
    exportName,
    files: [
      { path: file, text: taskText(name, exportName) },
      { path: file.replace(/\.ts$/, '.test.ts'), text: testText(name, base, exportName) },
    ],
  };
}

function taskText(name: string, exportName: string): string {
  return `import { defineTask } from '@summit/maestro-sdk';
import { Type } from '@summit/maestro-sdk/schema';

const Input = Type.Object({ name: Type.String({ minLength: 1, description: 'Who is greeted' }) }, { additionalProperties: false });

const Output = Type.Object({ greeting: Type.String({ description: 'The greeting' }) });

/** Greets somebody. Effect: none, so a retry is always safe. Errors: none of its own. */
export const ${exportName} = defineTask({
  name: '${name}',
  version: '0.1.0',
  title: 'Greet somebody',
  description: 'Makes a greeting for a name.',
  examples: [{ title: 'By name', input: { name: 'Ada' }, output: { greeting: 'Hello, Ada' } }],
  input: Input,
  output: Output,
  effect: 'none',
  async execute(_ctx, { payload }) {
    return { payload: { greeting: \`Hello, \${payload.name}\` } };
  },
});

export default ${exportName};
`;
}

function testText(name: string, base: string, exportName: string): string {
  return `import { createTestContext, describeConformance } from '@summit/maestro-sdk/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ${exportName} } from './${base}.ts';

// What every task has to do: examples that run, described schemas, no leaked secret, no effect in a dry run.
describeConformance([${exportName}], { describe, it }, { tasks: { '${name}': { optOut: { abort: 'it is over at once' } } } });

it('greets by name', async () => {
  const ctx = createTestContext({ task: ${exportName} });
  onTestFinished(() => ctx.dispose());
  const { payload } = await ${exportName}.execute(ctx, { payload: { name: 'Grace' } });
  expect(payload.greeting).toBe('Hello, Grace');
});
`;
}
