import { counted, quoted } from '@summit/maestro-expressions/text';
import { child, entry, isString, type Node, type Path } from '../parse/node.ts';
import { quote } from '../parse/unquoted.ts';
import { isRange } from '../resolve/versions.ts';
import type { Budget } from '../schema/budget.ts';
import { checkValue } from '../schema/check.ts';
import { metaSchema } from '../schema/meta-schema.ts';
import { valueSchema } from '../schema/parameter-schema.ts';
import type { SchemaProblem } from '../schema/problem.ts';
import { brokenReferences } from '../schema/ref-check.ts';
import { keyword } from '../schema/refs.ts';
import { type Faults, reference, subWorkflowName } from './build.ts';
import { allCalls, allTasks, type CallView, type Manifest, type ParameterView, type Reference, type TaskView } from './manifest.ts';

/** What is wrong with a manifest by its own fields alone, and more than a JSON Schema can say. Only parts that are sound are looked at. */
export function extraProblems(manifest: Manifest, faults: Faults, budget: Budget): SchemaProblem[] {
  if (manifest.kind === 'Runbook') {
    return [
      ...quorum(manifest.root),
      ...range(faults, reference(child(child(manifest.root, 'spec'), 'workflowRef')), ['spec', 'workflowRef']),
      ...manifest.inputs.flatMap((input) => parameter(input, ['spec', 'inputs', indexOf(manifest, 'inputs', input)], budget)),
    ];
  }
  return [
    ...manifest.parameters.flatMap((view) => parameter(view, ['spec', 'parameters', indexOf(manifest, 'parameters', view)], budget)),
    ...allTasks(manifest).flatMap((task) => [...condition(task), ...items(task)]),
    ...allCalls(manifest).flatMap((call) => calledWorkflow(faults, call)),
  ];
}

function indexOf(manifest: Manifest, field: string, view: ParameterView): number {
  const list = child(child(manifest.root, 'spec'), field);
  return list?.kind === 'seq' ? list.items.indexOf(view.node) : 0;
}

function quorum(root: Node): SchemaProblem[] {
  const approvals = child(child(root, 'metadata'), 'approvals');
  const approvers = child(approvals, 'approvers');
  const quorum = child(approvals, 'quorum');
  if (approvers?.kind !== 'seq' || quorum?.kind !== 'scalar' || typeof quorum.value !== 'number') return [];
  if (quorum.value <= approvers.items.length) return [];
  const text = `asks for ${counted(quorum.value, 'decision')} of ${counted(approvers.items.length, 'approver')}: it could never be met`;
  return [{ kind: 'value', node: quorum, path: ['metadata', 'approvals', 'quorum'], text, hint: 'lower it, or write all' }];
}

function range(faults: Faults, ref: Reference | undefined, path: Path): SchemaProblem[] {
  if (!ref || faults.at(path) || isRange(ref.range)) return [];
  const text = `must end in a version or semver range, found ${quoted(ref.range)}`;
  return [{ kind: 'value', node: ref.node, path, text, hint: 'write e.g. @1.0.0 or @^1.0' }];
}

/** The version of what is called; and what has no meaning for a sub-workflow, whose tasks say it for themselves. */
function calledWorkflow(faults: Faults, call: CallView): SchemaProblem[] {
  const { node, path } = call;
  const ref = reference(child(node, 'uses'));
  const problems = range(faults, ref, [...path, 'uses']);
  const name = ref && subWorkflowName(ref);
  if (!ref || name === undefined || faults.at([...path, 'uses'])) return problems;
  for (const field of ['retry', 'pool']) {
    const given = entry(node, field);
    if (!given) continue;
    const text = `does not apply to a sub-workflow: ${quoted(name)} says it for each of its tasks`;
    problems.push({ kind: 'value', node: given.value, entry: given, path: [...path, field], text, hint: 'remove it' });
  }
  return problems;
}

/** A condition that is text, but no expression, would be neither true nor false. */
function condition({ when, path }: TaskView): SchemaProblem[] {
  if (!when || when.value.includes('${')) return [];
  const text = `must be an expression, found ${quoted(when.value)}`;
  const replacement = quote(`\${${when.value.trim()}}`);
  return [{ kind: 'value', node: when, path: [...path, 'when'], text, hint: `write ${replacement}`, replacement }];
}

function items({ forEach, path }: TaskView): SchemaProblem[] {
  if (!forEach?.sound || !isString(forEach.in) || forEach.in.value.includes('${')) return [];
  const text = `must be a list or an expression, found ${quoted(forEach.in.value)}`;
  const replacement = quote(`\${${forEach.in.value.trim()}}`);
  return [{ kind: 'value', node: forEach.in, path: [...path, 'forEach'], text, hint: `write ${replacement}`, replacement }];
}

/** Its schema, then its default and enum against all it says of its values. */
function parameter(view: ParameterView, path: Path, budget: Budget): SchemaProblem[] {
  if (!view.sound) return [];
  const schema = child(view.node, 'schema');
  if (schema) {
    const problems = checkValue(metaSchema, schema, { noun: 'keyword', trustedPatterns: true, budget });
    if (problems.length === 0) problems.push(...brokenReferences(schema));
    if (problems.length > 0) return under(problems, [...path, 'schema']);
  }
  const clash = typeClash(view, path);
  if (clash.length > 0) return clash;
  return [...enumProblems(view, path, budget), ...defaultProblems(view, path, budget)];
}

function typeClash(view: ParameterView, path: Path): SchemaProblem[] {
  const { parameter, node } = view;
  const type = parameter.schema && keyword(parameter.schema, 'type');
  const own = keyword(valueSchema({ name: '', type: parameter.type, required: false }), 'type');
  const typeNode = child(child(node, 'schema'), 'type');
  if (typeNode && type !== undefined && type !== own && !(Array.isArray(type) && type.includes(own))) {
    const text = `must agree with type: ${parameter.type}, found ${JSON.stringify(type)}`;
    return [{ kind: 'value', node: typeNode, path: [...path, 'schema', 'type'], text, hint: 'leave the type out of the schema' }];
  }
  const pattern = entry(node, 'pattern');
  if (!pattern || own === 'string') return [];
  const text = `has a pattern, which only text can match, but is of type ${parameter.type}`;
  return [{ kind: 'value', node: pattern.value, entry: pattern, path, text, hint: 'remove it' }];
}

function enumProblems(view: ParameterView, path: Path, budget: Budget): SchemaProblem[] {
  const values = child(view.node, 'enum');
  if (values?.kind !== 'seq') return [];
  const { enum: _, ...rest } = view.parameter;
  const schema = valueSchema(rest);
  return values.items.flatMap((item, index) => under(checkValue(schema, item, { noun: 'property', budget }), [...path, 'enum', index]));
}

function defaultProblems(view: ParameterView, path: Path, budget: Budget): SchemaProblem[] {
  const value = child(view.node, 'default');
  if (!value) return [];
  return under(checkValue(valueSchema(view.parameter), value, { noun: 'property', budget }), [...path, 'default']);
}

function under(problems: SchemaProblem[], path: Path): SchemaProblem[] {
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}
