import { assignable } from '@summit/maestro-expressions';
import { choices, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import type { ParameterView, Runbook, Workflow } from '../../model/manifest.ts';
import { dotted } from '../../model/subject.ts';
import type { Entry } from '../../parse/node.ts';
import { quote, renamed } from '../../parse/unquoted.ts';
import { checkValue } from '../../schema/check.ts';
import { valueSchema } from '../../schema/parameter-schema.ts';
import { problemFix, problemSpan } from '../../schema/place.ts';
import { bindingOf, readInputs } from '../bindings.ts';
import { defineRule, type RuleContext } from '../define.ts';
import { textSpan } from '../span.ts';

/** Inputs and parameters that miss each other: what the operator gives does not arrive, or the run lacks what it needs. */
export const parameterBinding = defineRule({
  code: 'parameter-binding',
  severity: 'error',
  doc: 'the inputs of a runbook do not fit the parameters of its workflow',
  details:
    'An input binds to the parameter of the same name; `spec.with` binds any other way. Every required parameter needs a value, every input has to be read by something, and the types have to fit.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Runbook
metadata: { name: fetch, version: 1.0.0, owner: data@summit }
spec:
  policy: { purpose: example, authority: example, license: internal }
  inputs: [{ name: source, type: string, required: true }]
  workflowRef: fetch@1.0.0
  with: { bucket: demo }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: "\${params.bucket}", key: raw.json }
`,
    good: `apiVersion: maestro/v1
kind: Runbook
metadata: { name: fetch, version: 1.0.0, owner: data@summit }
spec:
  policy: { purpose: example, authority: example, license: internal }
  inputs: [{ name: source, type: string, required: true }]
  workflowRef: fetch@1.0.0
  with: { bucket: "\${inputs.source}" }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: "\${params.bucket}", key: raw.json }
`,
  },
  create: (context) => ({
    runbook(runbook) {
      const workflow = context.session.workflowOf(runbook);
      if (!workflow?.parametersSound || !runbook.inputsSound || !runbook.withSound) return;
      // Of two with one name, which is told elsewhere, nobody knows which is meant.
      if (context.session.manifests.twins(workflow).length > 1) return;
      const misspelt = checkInputs(context, runbook, workflow);
      for (const entry of runbook.with?.entries.values() ?? []) {
        const meant = checkEntry(context, runbook, workflow, entry, misspelt);
        if (meant !== undefined) misspelt.add(meant);
      }
      for (const { parameter } of workflow.parameters) {
        if (!misspelt.has(parameter.name)) checkParameter(context, runbook, workflow, parameter.name);
      }
    },
  }),
});

/** One entry of `spec.with`: its name, then its value. Returns the parameter that a misspelt name was probably meant to be. */
function checkEntry(
  { session, report }: RuleContext,
  runbook: Runbook,
  workflow: Workflow,
  entry: Entry,
  misspelt: ReadonlySet<string>,
): string | undefined {
  const target = workflow.parameters.find((view) => view.parameter.name === entry.name);
  if (!target) {
    const names = workflow.parameters.map((view) => view.parameter.name);
    const near = nearest(
      entry.name,
      names.filter((name) => !runbook.with?.entries.has(name) && !misspelt.has(name)),
    );
    report(runbook, {
      start: entry.key.start,
      end: entry.key.end,
      message: `${workflowTitle(workflow)} has no parameter ${quoted(entry.name)}${didYouMean(near)}`,
      hint: names.length === 0 ? 'it has no parameters' : `its parameters are ${choices(names, 'and')}`,
      fix: near[0] === undefined ? undefined : { start: entry.key.start, end: entry.key.end, newText: renamed(entry.key, near[0]) },
    });
    return near[0];
  }
  const dynamic = session.dynamicIn(runbook);
  const budget = session.budget(runbook);
  for (const problem of checkValue(valueSchema(target.parameter), entry.value, { noun: 'property', dynamic, budget })) {
    const { start, end } = problemSpan(entry.value, problem);
    const message = `${quoted(dotted([entry.name, ...problem.path]))} of ${workflowTitle(workflow)} ${problem.text}`;
    report(runbook, { start, end, message, hint: problem.hint ?? valueHint(target), fix: problemFix(problem) });
  }
  return undefined;
}

/** Inputs that nothing reads. Returns the parameters that were told as misspelt inputs. */
function checkInputs({ session, report }: RuleContext, runbook: Runbook, workflow: Workflow): Set<string> {
  const read = readInputs(session, runbook, workflow);
  const misspelt = new Set<string>();
  const unbound = workflow.parameters.map((view) => view.parameter.name).filter((name) => !bindingOf(runbook, name));
  for (const { parameter, name } of runbook.inputs) {
    if (read.has(parameter.name)) continue;
    const [near] = nearest(
      parameter.name,
      unbound.filter((candidate) => !misspelt.has(candidate)),
    );
    if (near !== undefined) misspelt.add(near);
    report(runbook, {
      start: name.start,
      end: name.end,
      message: `nothing reads the input ${quoted(parameter.name)}${didYouMean(near === undefined ? [] : [near])}`,
      hint: `name it like a parameter of ${workflowTitle(workflow)}, or bind it in spec.with: \${inputs.${parameter.name}}`,
      fix: near === undefined ? undefined : { start: name.start, end: name.end, newText: name.style === 'plain' ? near : quote(near) },
    });
  }
  return misspelt;
}

/** A parameter that gets no value, or gets it from an input of the same name that does not fit. */
function checkParameter({ session, report }: RuleContext, runbook: Runbook, workflow: Workflow, name: string): void {
  const target = workflow.parameters.find((view) => view.parameter.name === name) as ParameterView;
  const binding = bindingOf(runbook, name);
  const needed = target.parameter.required && target.parameter.default === undefined;
  if (!binding) {
    const ref = runbook.workflowRef;
    if (!needed || !ref) return;
    report(runbook, {
      ...textSpan(ref.node, 0, ref.node.value.length),
      message: `${workflowTitle(workflow)} requires the parameter ${quoted(name)} (${target.parameter.type}), which gets no value`,
      hint: `add an input of that name, or bind it in spec.with: { ${name}: ... }`,
    });
    return;
  }
  if (binding.kind !== 'input') return;
  const { input } = binding;
  const { start, end } = input.name;
  const checked = session.checkerAt({ manifest: runbook, place: 'bindings' }).check(`inputs.${name}`);
  const answer = checked.ok ? assignable(checked.type, valueSchema(target.parameter)) : undefined;
  if (answer && !answer.ok) {
    const [is, wants] =
      input.parameter.type === target.parameter.type
        ? [answer.found, answer.expected]
        : [`of type ${input.parameter.type}`, `of type ${target.parameter.type}`];
    const message = `the input ${quoted(name)} is ${is}, but the parameter ${quoted(name)} of ${workflowTitle(workflow)} must be ${wants}`;
    report(runbook, { start, end, message, hint: 'declare both alike, or convert it in spec.with' });
  } else if (needed && !input.parameter.required && input.parameter.default === undefined) {
    const message = `the input ${quoted(name)} may be left out, but ${workflowTitle(workflow)} requires the parameter ${quoted(name)}`;
    report(runbook, { start, end, message, hint: 'make the input required, or give it a default' });
  }
}

function valueHint({ parameter }: ParameterView): string {
  return `the parameter is of type ${parameter.type}${parameter.description === undefined ? '' : `: ${parameter.description}`}`;
}

function workflowTitle({ name, version }: Workflow): string {
  return `workflow ${quoted(`${name}@${version}`)}`;
}
