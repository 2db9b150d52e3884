import { type AccessNode, type ASTNode, isAccess, isOptional, literalKey } from '../ast.ts';
import { nearest } from '../text/near.ts';
import { choices, quoted } from '../text/words.ts';
import { type ExprType, FAULT, type ObjectType, STRING } from '../types/type.ts';
import { absent } from './doubts.ts';
import { isPresent } from './guards.ts';
import { renamed } from './keys.ts';
import type { TaskInScope } from './scope.ts';
import { type Locals, localType, suggesting, type Walk } from './walk.ts';

/**
 * The type of an access whose left side is one of the scope's own names: a parameter, an input, a task, its output or status,
 * a secret. `undefined`: it is none of these.
 */
export function scopeAccessType(walk: Walk, node: AccessNode, locals: Locals | undefined, asked: boolean): ExprType | undefined {
  const left = node.args[0];
  const root = rootName(left, locals);
  if (root === 'params' || root === 'inputs') {
    // What is only passed on may be absent: it is not bound, then.
    const passed = root === 'inputs' && node.start === 0 && node.end === walk.source.length;
    const guarded = asked || passed || isOptional(node) || isPresent(node, locals);
    return walk.scope[root] && parameter(walk, node, root, walk.scope[root], guarded);
  }
  if (root === 'tasks') return walk.scope.tasks && wholeTask(walk, node, walk.scope.tasks, locals);
  if (root === 'secrets' && walk.scope.run) return secret(walk, node);
  if (root === 'run' && walk.scope.run) {
    const key = literalKey(node)?.key;
    if (key !== undefined) walk.reference({ kind: 'run', name: key, start: node.start, end: node.end });
    return undefined;
  }
  if (isAccess(left) && rootName(left.args[0], locals) === 'tasks' && walk.scope.tasks)
    return partOfTask(walk, node, left, walk.scope.tasks, locals, asked);
  return undefined;
}

function rootName(node: ASTNode, locals: Locals | undefined): string | undefined {
  return node.op === 'id' && localType(locals, node.args) === undefined ? node.args : undefined;
}

function parameter(walk: Walk, node: AccessNode, root: 'params' | 'inputs', declared: ObjectType, guarded: boolean): ExprType | undefined {
  const key = literalKey(node);
  // An index that is computed: the name on the left takes all of them.
  if (!key) return undefined;
  const field = declared.fields.get(key.key);
  if (field) {
    walk.reference({ kind: root === 'params' ? 'param' : 'input', name: key.key, start: node.start, end: node.end });
    if (!field.required && !guarded) absent(walk, node);
    return field.type;
  }
  const noun = root === 'params' ? 'parameter' : 'input';
  const suggestion = nearest(key.key, declared.fields.keys())[0];
  walk.problem({
    code: root === 'params' ? 'undeclared-parameter' : 'unknown-reference',
    message: root === 'params' ? `the parameter ${quoted(key.key)} is not declared` : `unknown input ${quoted(key.key)}`,
    ...renamed(node, suggestion),
    ...suggesting(
      suggestion === undefined ? undefined : quoted(suggestion),
      declared.fields.size === 0
        ? `there are no ${noun}s; declare it under \`spec.${root === 'params' ? 'parameters' : 'inputs'}\``
        : `there are ${choices([...declared.fields.keys()], 'and')}`,
    ),
  });
  return FAULT;
}

/** `tasks.a` */
function findTask(
  walk: Walk,
  node: AccessNode,
  tasks: ReadonlyMap<string, TaskInScope>,
  locals: Locals | undefined,
): { id: string; task: TaskInScope } | undefined {
  const key = literalKey(node);
  if (!key) {
    walk.type(node.args[1] as ASTNode, locals);
    const { start, end } = node;
    walk.problem({
      code: 'unknown-reference',
      message: 'which task is read has to be written out',
      start,
      end,
      hint: 'write `tasks.<id>` or `tasks["<id>"]`',
    });
    return undefined;
  }
  const task = tasks.get(key.key);
  if (!task) {
    const suggestion = nearest(key.key, tasks.keys())[0];
    walk.problem({
      code: 'unknown-reference',
      message: `unknown task ${quoted(key.key)}`,
      ...renamed(node, suggestion),
      ...suggesting(
        suggestion === undefined ? undefined : quoted(suggestion),
        tasks.size === 0 ? 'there are no other tasks' : `there are ${choices([...tasks.keys()], 'and')}`,
      ),
    });
    return undefined;
  }
  if (!task.readable) {
    walk.problem({
      code: 'not-an-ancestor',
      message: `task ${quoted(key.key)} may not have run yet: it is not among the ancestors of this one`,
      start: node.start,
      end: node.end,
      hint: `add ${quoted(key.key)} to \`needs\``,
    });
  }
  return { id: key.key, task };
}

function wholeTask(walk: Walk, node: AccessNode, tasks: ReadonlyMap<string, TaskInScope>, locals: Locals | undefined): ExprType {
  const found = findTask(walk, node, tasks, locals);
  if (!found) return FAULT;
  walk.reference({ kind: 'task-output', name: found.id, start: node.start, end: node.end, guarded: true });
  return found.task.type;
}

function partOfTask(
  walk: Walk,
  node: AccessNode,
  left: AccessNode,
  tasks: ReadonlyMap<string, TaskInScope>,
  locals: Locals | undefined,
  asked: boolean,
): ExprType | undefined {
  const key = literalKey(node);
  if (!key) return undefined;
  const found = findTask(walk, left, tasks, locals);
  if (!found) return FAULT;
  const { id, task } = found;
  const part = task.type.fields.get(key.key);
  if (part && (key.key === 'output' || key.key === 'status')) {
    const { start, end } = node;
    if (key.key === 'status') walk.reference({ kind: 'task-status', name: id, start, end });
    else {
      const guarded = asked || isOptional(node) || isOptional(left) || isPresent(node, locals);
      walk.reference({ kind: 'task-output', name: id, start, end, guarded });
    }
    return part.type;
  }
  // Still a read of this task, for whoever orders tasks by what they read.
  walk.reference({ kind: 'task-output', name: id, start: node.start, end: node.end, guarded: true });
  const output = task.type.fields.get('output')?.type;
  const inOutput = output?.kind === 'object' && output.fields.has(key.key) ? `output.${key.key}` : undefined;
  const suggestion = inOutput ?? nearest(key.key, task.type.fields.keys())[0];
  walk.problem({
    code: 'unknown-reference',
    message: `a task has "output" and "status", not ${quoted(key.key)}`,
    start: key.start,
    end: key.end,
    ...(suggestion === undefined || node.op !== '.' ? {} : { replacement: suggestion }),
    ...suggesting(suggestion === undefined ? undefined : `\`${suggestion}\``, 'what the task returned is in `output`'),
  });
  return FAULT;
}

function secret(walk: Walk, node: AccessNode): ExprType {
  const key = literalKey(node);
  if (key) walk.reference({ kind: 'secret', name: key.key, start: node.start, end: node.end });
  else
    walk.problem({
      code: 'unknown-reference',
      message: 'which secret is read has to be written out',
      start: node.start,
      end: node.end,
      hint: 'write `secrets.NAME`',
    });
  return STRING;
}
