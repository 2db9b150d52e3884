import type { ParameterView, Runbook, Workflow } from '../model/manifest.ts';
import type { Entry } from '../parse/node.ts';
import type { Session } from './session.ts';

/** Where a parameter of the workflow gets its value: from `spec.with`, else from the input of its name. */
export type Binding = { kind: 'with'; entry: Entry } | { kind: 'input'; input: ParameterView };

export function bindingOf(runbook: Runbook, name: string): Binding | undefined {
  const entry = runbook.with?.entries.get(name);
  if (entry) return { kind: 'with', entry };
  const input = runbook.inputs.find((view) => view.parameter.name === name);
  return input && { kind: 'input', input };
}

/** The inputs that reach the workflow. */
export function readInputs(session: Session, runbook: Runbook, workflow: Workflow): Set<string> {
  const read = new Set<string>();
  for (const { parameter } of workflow.parameters) if (bindingOf(runbook, parameter.name)?.kind === 'input') read.add(parameter.name);
  for (const site of session.sites(runbook)) {
    const { refs, value } = session.analysis(site);
    // Of an expression that cannot be read nobody knows what it reads.
    if (value.kind === 'unknown') for (const input of runbook.inputs) read.add(input.parameter.name);
    for (const ref of refs) if (ref.kind === 'input') read.add(ref.name);
  }
  return read;
}
