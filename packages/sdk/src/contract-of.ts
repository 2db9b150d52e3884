import { canonicalJson, sha256Hex } from './canonical.ts';
import type { JsonSchema, TaskContract } from './contract.ts';
import { declarationProblems, taskLabel } from './declaration.ts';
import { InvalidInputError } from './errors.ts';
import type { DeclaredTask } from './task.ts';

/**
 * The contract of a task: its declaration as plain JSON, with the digest by which plans pin it.
 * Throws `TASK_DECLARATION_INVALID`, naming everything that is missing or malformed at once.
 */
export function contractOf(task: DeclaredTask): TaskContract {
  const problems = declarationProblems(task);
  if (problems.length > 0) {
    throw new InvalidInputError(`${taskLabel(task)} is not declared completely: ${problems.join('; ')}`, {
      code: 'TASK_DECLARATION_INVALID',
      details: problems,
    });
  }
  const input = plain<JsonSchema>(task, 'input');
  const output = plain<JsonSchema>(task, 'output');
  const durable = task.durable === true;
  const contract: TaskContract = {
    name: task.name,
    version: task.version,
    title: task.title,
    description: task.description,
    effect: task.effect,
    durable,
    input,
    output,
    examples: plain<TaskContract['examples']>(task, 'examples'),
    secrets: [...(task.secrets ?? [])],
    digest: `sha256:${sha256Hex(canonicalJson({ input, output, effect: task.effect, durable }))}`,
  };
  if (task.retry !== undefined) contract.retry = { ...task.retry };
  if (task.timeout !== undefined) contract.timeout = task.timeout;
  if (task.deprecated !== undefined) contract.deprecated = task.deprecated;
  return contract;
}

/** A part of the declaration as it will be read from a file: what TypeBox keeps for itself is no part of the contract. */
function plain<T>(task: DeclaredTask, part: 'input' | 'output' | 'examples'): T {
  try {
    canonicalJson(task[part]);
    // Not the canonical text itself: people read properties in the order in which the author wrote them.
    return JSON.parse(JSON.stringify(task[part])) as T;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidInputError(`${taskLabel(task)}: ${part} is not plain JSON: ${why}`, { code: 'TASK_DECLARATION_INVALID', cause });
  }
}
