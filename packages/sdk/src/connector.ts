import type { Static, TSchema } from 'typebox';
import type { RunContext } from './context.ts';
import { createRunContext } from './run-context.ts';
import type { DeclaredTask, Task, TaskHandler, TaskInput, TaskResult } from './task.ts';

/** Something that hands a payload to another system, in a configuration of its own. */
export interface Connector<In, Out, Cfg = unknown> {
  /** Called once before the first `send`, e.g. to open a connection; again after it failed. */
  init?(ctx: RunContext, cfg?: Cfg): Promise<void> | void;
  /** `input` and what it resolves to are enveloped as a task's are: `{ payload }`. */
  send(ctx: RunContext, input: TaskInput<In>, cfg?: Cfg): Promise<TaskResult<Out>>;
}

/** What a connector needs to be published as a task: everything a task declares but its code. */
export type ConnectorDeclaration<I extends TSchema, O extends TSchema> = Omit<DeclaredTask<I, O>, 'init' | 'execute'>;

/** Defines a connector. {@link connectorTask} makes a task of it. */
export function defineConnector<In, Out, Cfg = unknown>(connector: Connector<In, Out, Cfg>): Connector<In, Out, Cfg> {
  return connector;
}

/**
 * A task that sends through `connector` in the configuration `cfg`; with a `declaration` it can be published in a catalog,
 * and the schemas must fit the connector's types. The connector's `init` runs once before the first `send`, whether or not
 * somebody calls the task's; its context has no gaps, also when the task was called with an empty one.
 */
export function connectorTask<In, Out, Cfg = unknown>(connector: Connector<In, Out, Cfg>, cfg?: Cfg): Task<In, Out>;
export function connectorTask<I extends TSchema, O extends TSchema, Cfg = unknown>(
  connector: Connector<Static<I>, Static<O>, Cfg>,
  cfg: Cfg | undefined,
  declaration: ConnectorDeclaration<I, O>,
): DeclaredTask<I, O>;
export function connectorTask(connector: Connector<unknown, unknown>, cfg?: unknown, declaration?: object): TaskHandler<unknown, unknown> {
  let ready: Promise<void> | undefined;
  const init = (ctx: RunContext): Promise<void> => {
    ready ??= (async () => connector.init?.(createRunContext(ctx), cfg))();
    ready.catch(() => {
      ready = undefined;
    });
    return ready;
  };
  return {
    ...declaration,
    init,
    async execute(ctx, input) {
      if (connector.init !== undefined) await init(ctx);
      return connector.send(createRunContext(ctx), input, cfg);
    },
  };
}
