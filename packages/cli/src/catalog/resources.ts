import { bindParameters, evaluateTemplate, type Plan, type PlanTask } from '@summit/maestro-manifest';
import type { JsonObject, Resource } from '@summit/maestro-sdk';
import { loadTasks, type TaskRegistry } from '@summit/maestro-worker/packages';
import type { ResolvedConfig } from '../config/config.ts';

/**
 * What each task of a plan will touch, or why that is not known before it runs. Imports the task packages and calls the
 * tasks' `resources`, which only name things; nothing is executed.
 */
export async function resourcesOf(
  plan: Plan,
  inputs: JsonObject | undefined,
  config: ResolvedConfig,
): Promise<Map<string, Resource[] | string>> {
  const registry = await loadTasks(config.packages, config.root);
  const params = inputs === undefined ? undefined : bindParameters(plan, inputs, runScope(config)).values;
  return new Map(plan.tasks.map((task) => [task.id, resources(task, registry, params, config)]));
}

function resources(task: PlanTask, registry: TaskRegistry, params: JsonObject | undefined, config: ResolvedConfig): Resource[] | string {
  const installed = registry.get(task.uses);
  if (installed?.task.resources === undefined) return [];
  if (params === undefined) return 'known once the inputs are given';
  let payload: unknown;
  try {
    payload = evaluateTemplate(task.with, { params, run: runScope(config) });
  } catch {
    return 'known once the tasks before it have run';
  }
  try {
    return installed.task.resources(payload as never);
  } catch (error) {
    return `not known: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The run as far as a plan knows it. */
function runScope(config: ResolvedConfig): JsonObject {
  const { user, roles } = config.identity;
  return { id: 'plan', startedAt: new Date().toISOString(), dryRun: true, initiator: { id: user, roles } };
}
