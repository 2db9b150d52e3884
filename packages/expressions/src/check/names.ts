import type { ASTNode, NodeOf } from '../ast.ts';
import { nearest } from '../text/near.ts';
import { quoted } from '../text/words.ts';
import { functions } from '../types/signatures.ts';
import { DYN, type ExprType, FAULT, INT } from '../types/type.ts';
import { member } from './keys.ts';
import { type Locals, localType, suggesting, type Walk } from './walk.ts';

/** The type of a name on its own. */
export function nameType(walk: Walk, node: NodeOf<'id'>, locals: Locals | undefined): ExprType {
  const name = node.args;
  const local = localType(locals, name);
  if (local) return local;
  const { scope } = walk;
  if ((name === 'params' || name === 'inputs') && scope[name]) {
    // All of them at once: each counts as read.
    for (const field of scope[name].fields.keys())
      walk.reference({ kind: name === 'params' ? 'param' : 'input', name: field, start: node.start, end: node.end });
    return scope[name];
  }
  const other = scope.names?.get(name);
  if (other) return other;
  if (name === 'item' && scope.item) return reference(walk, 'item', node, scope.item);
  if (name === 'index' && scope.item) return reference(walk, 'index', node, INT);
  if (name === 'run' && scope.run) return scope.run;
  if (name === 'tasks' && scope.tasks) return wholeRoot(walk, node, 'name one task: `tasks.<id>.output`');
  if (name === 'secrets' && scope.run) return wholeRoot(walk, node, 'name one secret: `secrets.NAME`');
  const namespace = functions().namespaces.get(name);
  if (namespace) return { kind: 'namespace', name: namespace };
  if (functions().types.has(name)) return { kind: 'type' };
  if (name === 'google') return DYN;
  return unknownName(walk, node, locals);
}

function reference(walk: Walk, kind: 'item' | 'index', node: ASTNode, type: ExprType): ExprType {
  walk.reference({ kind, name: kind, start: node.start, end: node.end });
  return type;
}

function wholeRoot(walk: Walk, node: NodeOf<'id'>, hint: string): ExprType {
  walk.problem({
    code: 'unknown-reference',
    message: `\`${node.args}\` cannot be taken as a whole`,
    start: node.start,
    end: node.end,
    hint,
  });
  return FAULT;
}

const MEANT: { [name: string]: string } = {
  params: 'parameters are read in a workflow',
  inputs: 'inputs are read in a runbook; a workflow reads `params`',
  tasks: 'there are no tasks to read here',
  item: '`item` exists inside the body of a `forEach`, not in its `when`',
  index: '`index` exists inside the body of a `forEach`, not in its `when`',
};

function unknownName(walk: Walk, node: NodeOf<'id'>, locals: Locals | undefined): ExprType {
  const name = node.args;
  const { start, end } = node;
  const meant = MEANT[name];
  const readable = namesHere(walk, locals);
  const hint = `here are ${readable.map((root) => `\`${root}\``).join(', ')}`;
  if (meant !== undefined && walk.scope.run === undefined) {
    const handed = 'values of a manifest are handed over: vars: { name: "${params.name}" }, read as `vars.name`';
    walk.problem({ code: 'unknown-reference', message: `\`${name}\` cannot be read for a row`, start, end, hint: `${hint}; ${handed}` });
    return FAULT;
  }
  if (meant !== undefined) {
    walk.problem({ code: 'unknown-reference', message: `\`${name}\` cannot be read here: ${meant}`, start, end, hint });
    return FAULT;
  }
  const owner = (['params', 'inputs'] as const).find((root) => walk.scope[root]?.fields.has(name));
  const task = walk.scope.tasks?.has(name) ? `tasks${member(name)}.output` : undefined;
  const written = owner ? `${owner}${member(name)}` : (task ?? nearest(name, readable)[0]);
  walk.problem({
    code: 'unknown-reference',
    message: `unknown name ${quoted(name)}`,
    start,
    end,
    ...suggesting(
      written === undefined ? undefined : `\`${written}\``,
      written === undefined ? `${hint}; a text is written in quotes: ${quoted(name)}` : hint,
    ),
    ...(written === undefined ? {} : { replacement: written }),
  });
  return FAULT;
}

function namesHere({ scope }: Walk, locals: Locals | undefined): string[] {
  const names = ['params', 'inputs', 'tasks', 'item'].filter((root) => scope[root as 'params' | 'inputs' | 'tasks' | 'item'] !== undefined);
  if (scope.item) names.push('index');
  if (scope.run) names.push('run');
  names.push(...(scope.names?.keys() ?? []));
  for (let local = locals; local; local = local.outer) if (local.name !== undefined) names.push(local.name);
  return names;
}
