import { SecretReference, sampleOf } from '@summit/maestro-manifest';
import { type DeclaredTask, type JsonObject, outputOfInput, TaskError } from '@summit/maestro-sdk';
import type { SchemaCache } from './schemas.ts';

/** What stands for the output of a task that was not executed: the least that its schema allows for this input, or the output of an example. */
export function placeholder(task: DeclaredTask, schemas: SchemaCache, payload: unknown): unknown {
  const { output: validate } = schemas.of(task);
  const sample = sampleOf(outputOfInput(task, payload));
  if (sample !== undefined && validate(sample)) return sample;
  const example = task.examples.find(({ output }) => output !== undefined && validate(output));
  if (example !== undefined) return JSON.parse(JSON.stringify(example.output));
  throw TaskError.terminal(
    'PREVIEW_IMPOSSIBLE',
    `no value is found that fits the output of ${task.name}@${task.version}, which a dry run needs; give the task an example with its output`,
  );
}

/** An evaluated input with secrets by name, unless it is larger than `limit` bytes of JSON. */
export function shownInput(template: unknown, limit: number): JsonObject | undefined {
  const text = JSON.stringify(template, (_, value: unknown) => (value instanceof SecretReference ? `\${secrets.${value.$secret}}` : value));
  return Buffer.byteLength(text) > limit ? undefined : (JSON.parse(text) as JsonObject);
}
