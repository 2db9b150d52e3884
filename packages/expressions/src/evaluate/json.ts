import type { ASTNode, NodeOf } from '../ast.ts';
import { type Evaluator, isOptionalEntry, run } from './inside.ts';
import { integerEvaluator } from './integers.ts';
import { follow, type Path, pathOf, rootValue } from './paths.ts';
import { convert, newRoom, type Room, setField, takeRoom, toJsonValue } from './results.ts';

/** The value of a node as JSON. */
type EvaluateJson = (ev: Evaluator, scope: unknown, room: Room) => unknown;

/**
 * How to evaluate the root of an expression to JSON. Lists and maps that are written out become JSON as they are made, and what
 * is only read for them stays as it is. `countOutside`: see `mayRepeat`; then the result is looked at as a whole.
 */
export function jsonEvaluator(root: ASTNode, countOutside: boolean): (ev: Evaluator, scope: unknown) => unknown {
  const integer = integerEvaluator(root);
  if (integer) return (ev, scope) => integer(scope) ?? toJsonValue(run(ev, root, scope), countOutside);
  const made = countOutside || (root.op !== 'list' && root.op !== 'map') ? undefined : evaluatorOf(root);
  if (made) return (ev, scope) => made(ev, scope, newRoom());
  return (ev, scope) => toJsonValue(run(ev, root, scope), countOutside);
}

function evaluatorOf(node: ASTNode): EvaluateJson {
  if (node.op === 'list' && !node.args.some(isOptionalEntry)) return listOf(node);
  const fields = node.op === 'map' ? fieldsOf(node) : undefined;
  if (fields) return objectOf(fields);
  const path = pathOf(node);
  if (path) return valueAt(path);
  const integer = integerEvaluator(node);
  if (integer) return (ev, scope, room) => convert(integer(scope) ?? run(ev, node, scope), room);
  return (ev, scope, room) => convert(run(ev, node, scope), room);
}

/** Data from outside is JSON already. */
function valueAt(path: Path): EvaluateJson {
  return (_, scope, room) => {
    const value = follow(rootValue(scope, path.variable), path);
    return typeof value === 'number' ? value : convert(value, room);
  };
}

function listOf(node: NodeOf<'list'>): EvaluateJson {
  const elements = node.args.map(evaluatorOf);
  return (ev, scope, room) => {
    takeRoom(room, 0);
    const list = new Array<unknown>(elements.length);
    for (let i = 0; i < elements.length; i++) list[i] = (elements[i] as EvaluateJson)(ev, scope, room);
    return list;
  };
}

interface NamedField {
  name: string;
  evaluate: EvaluateJson;
}

/** The fields of a map whose keys are all written out, each once. */
function fieldsOf(node: NodeOf<'map'>): NamedField[] | undefined {
  const fields: NamedField[] = [];
  const names = new Set<string>();
  for (const [key, value] of node.args) {
    if (key.op !== 'value' || typeof key.args !== 'string' || isOptionalEntry(key) || names.has(key.args)) return undefined;
    names.add(key.args);
    fields.push({ name: key.args, evaluate: evaluatorOf(value) });
  }
  return fields;
}

function objectOf(fields: readonly NamedField[]): EvaluateJson {
  const length = fields.reduce((sum, { name }) => sum + name.length, 0);
  return (ev, scope, room) => {
    takeRoom(room, length);
    const object: { [key: string]: unknown } = {};
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as NamedField;
      setField(object, field.name, field.evaluate(ev, scope, room));
    }
    return object;
  };
}
