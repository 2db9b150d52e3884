import type { TaskContract } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import { lintManifests } from '../lint/lint.ts';
import { Session, type SessionOptions } from '../lint/session.ts';
import type { Catalog, Runbook, Workflow } from '../model/manifest.ts';
import { child, isString, setOwn } from '../parse/node.ts';
import type { Parameter, Plan, Template } from '../plan.ts';
import { find } from '../resolve/resolve.ts';
import { Bodies } from './bodies.ts';
import { isTrue, planApprovals, planPolicy } from './parts.ts';
import { templateOf } from './template.ts';

/**
 * The plan of a runbook or workflow: every `uses` and `workflowRef` pinned to the highest installed version that satisfies it,
 * or to the one that is locked for it.
 * Lints what the plan is made of, and returns the findings; there is a plan only where none of them is an error.
 * Formatting and comments of the manifests do not change it. `ref` is as in `resolve`.
 */
export function compile(
  catalog: Catalog,
  contracts: readonly TaskContract[],
  ref: string,
  options: SessionOptions = {},
): { plan?: Plan; diagnostics: Diagnostic[] } {
  const session = new Session(catalog, contracts, options);
  const { runbook, workflow, diagnostics: unresolved } = find(catalog, session.manifests, ref);
  const involved = [...(runbook ? [runbook] : []), ...(workflow ? session.reachable(workflow) : [])];
  const diagnostics = [...unresolved, ...lintManifests(session, involved)];
  if (!workflow || diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics };
  return { plan: planOf(session, workflow, runbook), diagnostics };
}

function planOf(session: Session, workflow: Workflow, runbook: Runbook | undefined): Plan {
  const bodies = new Bodies(session, planPolicy(runbook));
  const body = bodies.body(workflow);
  const { parameters } = body;
  const plan: Plan = {
    apiVersion: 'maestro/v1',
    kind: 'Plan',
    workflow: { name: workflow.name ?? '', version: workflow.version ?? '' },
    inputs: runbook ? runbook.inputs.map((view) => view.parameter) : parameters,
    bindings: bindingsOf(parameters, runbook),
    ...body,
  };
  if (bodies.workflows.size > 0) {
    plan.workflows = Object.fromEntries([...bodies.workflows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { body }]) => [name, body]));
  }
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
  if (isTrue(child(child(runbook.root, 'spec'), 'dryRun'))) part.dryRun = true;
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
