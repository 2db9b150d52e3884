import type { Static, TSchema } from 'typebox';
import type { RunContext } from './context.ts';

/** What a run would do to the world: nothing, look at it, or change it. */
export type Effect = 'none' | 'read' | 'write';

/** Something outside that a task touches, e.g. `{ type: 's3.object', id: 'bucket/key' }`. */
export interface Resource {
  type: string;
  id: string;
}

/** How failed attempts are repeated. Intervals are milliseconds; each wait is jittered. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  maxAttempts: number;
  initialInterval?: number;
  maxInterval?: number;
  /** Each wait is this many times the one before. */
  factor?: number;
}

/** Input envelope. */
export interface TaskInput<In> {
  payload: In;
}

/** Output envelope. */
export interface TaskResult<Out> {
  payload: Out;
}

/** A documented call; executed by the conformance suite where `output` or `error` is given. */
export interface TaskExample<In, Out> {
  title: string;
  input: In;
  output?: Out;
  /** Code the call must fail with. */
  error?: string;
}

/** The least a task is: a typed function over a payload. */
export interface TaskHandler<In, Out> {
  /** Called once per worker before the task's first execution. */
  init?(ctx: RunContext): Promise<void> | void;
  /** Throws when the payload is wrong in a way a schema cannot say. */
  validate?(input: TaskInput<In>): Promise<void> | void;
  execute(ctx: RunContext, input: TaskInput<In>): Promise<TaskResult<Out>>;
}

/** What a task says about itself. */
export interface TaskDeclaration<In, Out> {
  /** `tasks/x`, `connectors/x.y` or `ops/x.y`; the file is called after the last part. */
  name: string;
  /** The task's own semver: it moves when its contract moves, not with the package. */
  version: string;
  title: string;
  description: string;
  examples: TaskExample<In, Out>[];
  effect: Effect;
  /** What this call will touch: asked of policy, shown in previews, written to the receipt. */
  resources?(payload: In): Resource[];
  /** Secrets the task may ask for; anything else is refused. */
  secrets?: string[];
  /**
   * True for a payload from which alone the output is computed, in milliseconds: nothing of the context is used but its logger. Such a call is computed
   * again when a run is replayed, instead of being remembered. Its failures are final. Only for `effect: none` without secrets, and
   * itself a function of the payload alone.
   */
  pure?(payload: In): boolean;
  /** May call `ctx.sleep`, `ctx.step` and `ctx.decision`; must await nothing else. */
  durable?: boolean;
  /** Defaults that a manifest may override; `timeout` in milliseconds per attempt. */
  retry?: RetryPolicy;
  timeout?: number;
  /** Says what to use instead. */
  deprecated?: string;
}

/** A production task: declared, with schemas from which its types are inferred. */
export interface DeclaredTask<I extends TSchema = TSchema, O extends TSchema = TSchema>
  extends TaskHandler<Static<I>, Static<O>>,
    TaskDeclaration<Static<I>, Static<O>> {
  input: I;
  output: O;
}

/** Any task. Without a declaration it runs in tests and code, but has no name a manifest could use. */
export type Task<In, Out> = TaskHandler<In, Out> & Partial<TaskDeclaration<In, Out>> & { input?: TSchema; output?: TSchema };

/**
 * Defines a task. With `input` and `output` schemas the payload types are inferred from them;
 * `defineTask<In, Out>({ validate?, execute })` is a task without schemas, untyped to lint.
 */
export function defineTask<I extends TSchema, O extends TSchema>(task: DeclaredTask<I, O>): DeclaredTask<I, O>;
export function defineTask<In, Out>(
  // Without this a task whose code does not fit its schemas would pass as one without any.
  task: TaskHandler<In, Out> & Partial<TaskDeclaration<In, Out>> & { input?: never; output?: never },
): Task<In, Out>;
export function defineTask(task: unknown): unknown {
  return task;
}
