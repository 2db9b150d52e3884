import { type PlannedTask, type PlanView, type PlanViewOptions, planView } from '@summit/maestro-manifest';
import { approvalDigest, DEFAULT_MAX_PARALLEL, DEFAULT_RETRY, DEFAULT_TIMEOUT_MS } from '@summit/maestro-worker/planning';
import { preparePlan } from '../catalog/prepare.ts';
import { type Foreseen, foresee } from '../catalog/resources.ts';
import { sized } from '../catalog/sized.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { planLines } from '../render/plan.ts';
import { checkInputs, type InputOptions, readInputs } from '../run/inputs.ts';

/** `maestro plan` */
export async function plan(context: Context, ref: string, options: InputOptions & { json?: boolean; locked?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const { plan: made, digest, contracts } = await preparePlan(context, ref, options);
  const given = await readInputs(options, made.inputs, context.io);
  // Without any input the plan is shown as it is; with some, they have to be right.
  const asked = options.input !== undefined || options.inputs !== undefined;
  const missing = made.inputs.filter((input) => input.required && input.default === undefined).map(({ name }) => name);
  const inputs = asked || missing.length === 0 ? checkInputs(given, made) : undefined;
  const viewed = (more: PlanViewOptions) =>
    sized(() =>
      planView(made, contracts, {
        defaults: { retry: DEFAULT_RETRY, timeout: DEFAULT_TIMEOUT_MS, maxParallel: DEFAULT_MAX_PARALLEL },
        ...more,
      }),
    );
  // First without the lists that follow from the inputs: it refuses what is too large to go through.
  viewed({});
  const foreseen = await foresee(made, inputs, await context.config());
  const view = viewed({
    itemCounts: foreseen.itemCounts,
    ...(inputs === undefined ? {} : { approvalDigest: approvalDigest({ planDigest: digest, inputs, dryRun: made.dryRun === true }) }),
  });
  if (options.json) {
    const known = inputs === undefined ? { missingInputs: missing } : { inputs };
    out.line(JSON.stringify({ digest, plan: made, ...known, ...withTouches(view, foreseen) }, undefined, 2));
  } else {
    const facts = { plan: made, digest, view, touches: foreseen.touches, inputs, missing: inputs === undefined ? missing : [] };
    for (const line of planLines(facts, out.colors)) out.line(line);
  }
  return exit.ok;
}

/** The view with what each task touches. */
function withTouches(view: PlanView, { touches }: Foreseen): object {
  const of = (name: string) => {
    const found = touches.get(name) ?? [];
    return typeof found === 'string' ? { resourcesUnknown: found } : { resources: found };
  };
  type Lists = Pick<PlanView, 'tasks' | 'onFailure' | 'finally'>;
  const lists = <T extends Lists>(body: T): object => ({
    ...body,
    tasks: body.tasks.map(task),
    ...(body.onFailure === undefined ? {} : { onFailure: body.onFailure.map(task) }),
    ...(body.finally === undefined ? {} : { finally: body.finally.map(task) }),
  });
  const inner = <T extends Pick<PlannedTask, 'workflow'>>(call: T, name: string) =>
    call.workflow === undefined ? of(name) : { workflow: lists(call.workflow) };
  const task = (one: PlannedTask): object => {
    const { compensate } = one;
    const undo = compensate === undefined ? {} : { compensate: { ...compensate, ...inner(compensate, `${one.name}/compensate`) } };
    return { ...one, ...inner(one, one.name), ...undo };
  };
  return lists(view);
}
