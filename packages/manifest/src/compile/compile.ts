import type { TaskContract } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import { lintManifests } from '../lint/lint.ts';
import { Session } from '../lint/session.ts';
import type { Catalog, Runbook, Workflow } from '../model/manifest.ts';
import { child, isString, setOwn } from '../parse/node.ts';
import type { Parameter, Plan, Template } from '../plan.ts';
import { find } from '../resolve/resolve.ts';
import { planOrder } from './order.ts';
import { durationOf, planApprovals, planPolicy, planTask } from './parts.ts';
import { templateOf } from './template.ts';

/**
 * The plan of a runbook or workflow: every `uses` and `workflowRef` pinned to the highest installed version that satisfies it.
 * Lints what the plan is made of, and returns the findings; there is a plan only where none of them is an error.
 * Formatting and comments of the manifests do not change it. `ref` is as in `resolve`.
 */
export function compile(catalog: Catalog, contracts: readonly TaskContract[], ref: string): { plan?: Plan; diagnostics: Diagnostic[] } {
  const session = new Session(catalog, contracts);
  const { runbook, workflow, diagnostics: unresolved } = find(catalog, session.manifests, ref);
  const involved = [runbook, workflow].filter((manifest) => manifest !== undefined);
  const diagnostics = [...unresolved, ...lintManifests(session, involved)];
  if (!workflow || diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  return { plan: planOf(session, workflow, runbook), diagnostics };
}

function planOf(session: Session, workflow: Workflow, runbook: Runbook | undefined): Plan {
  const parameters = workflow.parameters.map((view) => view.parameter);
  const plan: Plan = {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: workflow.name ?? '', version: workflow.version ?? '' },
    inputs: runbook ? runbook.inputs.map((view) => view.parameter) : parameters,
    bindings: bindingsOf(parameters, runbook),
    parameters,
    tasks: planOrder(workflow.tasks.flatMap((task) => planTask(task, session) ?? [])),
    outputs: outputsOf(workflow),
  };
  const timeout = durationOf(child(child(workflow.root, 'spec'), 'timeout'));
  if (timeout !== undefined) plan.timeout = timeout;
  const policy = planPolicy(runbook) ?? planPolicy(workflow);
  if (policy) plan.policy = policy;
  return runbook ? { ...plan, ...governance(runbook) } : plan;
}

function governance(runbook: Runbook): Partial<Plan> {
  const metadata = child(runbook.root, 'metadata');
  const owner = child(metadata, 'owner');
  const part: Partial<Plan> = {
    runbook: { name: runbook.name ?? '', version: runbook.version ?? '', owner: isString(owner) ? owner.value : '' },
  };
  const roles = child(child(metadata, 'allowList'), 'roles');
  if (roles?.kind === 'seq') part.allowRoles = roles.items.filter(isString).map((role) => role.value);
  const approvals = planApprovals(child(metadata, 'approvals'));
  if (approvals) part.approvals = approvals;
  return part;
}

/** What `spec.with` says; else the input of the same name. */
function bindingsOf(parameters: Parameter[], runbook: Runbook | undefined): Plan['bindings'] {
  const bindings: Plan['bindings'] = {};
  for (const { name } of parameters) {
    const given = child(runbook?.with, name);
    const sameName = !runbook || runbook.inputs.some((input) => input.parameter.name === name);
    if (given) setOwn<Template>(bindings, name, templateOf(given));
    else if (sameName) setOwn<Template>(bindings, name, { $cel: `inputs.${name}` });
  }
  return bindings;
}

function outputsOf(workflow: Workflow): Plan['outputs'] {
  const outputs: Plan['outputs'] = {};
  for (const entry of workflow.outputs?.entries.values() ?? []) setOwn(outputs, entry.name, templateOf(entry.value));
  return outputs;
}
