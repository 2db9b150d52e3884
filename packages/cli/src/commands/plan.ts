import { preparePlan } from '../catalog/prepare.ts';
import { resourcesOf } from '../catalog/resources.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exit } from '../exit.ts';
import { planLines, secretsOf, type TaskFacts } from '../render/plan.ts';
import { checkInputs, type InputOptions, readInputs } from '../run/inputs.ts';

/** `maestro plan` */
export async function plan(context: Context, ref: string, options: InputOptions & { json?: boolean }): Promise<ExitCode> {
  const { out } = context.terminal;
  const { plan: made, digest, contracts } = await preparePlan(context, ref);
  const given = await readInputs(options, made.inputs, context.io);
  // Without any input the plan is shown as it is; with some, they have to be right.
  const asked = options.input !== undefined || options.inputs !== undefined;
  const complete = asked || made.inputs.every((input) => !input.required || input.default !== undefined);
  const inputs = complete ? checkInputs(given, made) : undefined;
  const resources = await resourcesOf(made, inputs, await context.config());
  const facts = new Map<string, TaskFacts>(
    made.tasks.map(({ id, uses }) => {
      const contract = contracts.find((one) => one.name === uses.name && one.version === uses.version);
      return [id, { contract, touches: resources.get(id) ?? [] }];
    }),
  );
  if (options.json) {
    const tasks = made.tasks.map((task) => {
      const { contract, touches } = facts.get(task.id) ?? { contract: undefined, touches: [] };
      const known = typeof touches === 'string' ? { resourcesUnknown: touches } : { resources: touches };
      return { id: task.id, effect: contract?.effect, secrets: secretsOf(task, contract), ...known };
    });
    out.line(JSON.stringify({ digest, plan: made, ...(inputs === undefined ? {} : { inputs }), tasks }, undefined, 2));
  } else for (const line of planLines(made, digest, facts, inputs, out.colors)) out.line(line);
  return exit.ok;
}
