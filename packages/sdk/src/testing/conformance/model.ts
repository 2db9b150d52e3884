import type { DeclaredTask } from '../../task.ts';
import type { TestContext, TestContextOptions } from '../context.ts';

/** What a case is about. A package may opt a task out of those marked *, with a reason. */
export type ConformanceRule =
  /** Name, version, title and the rest of the declaration are well-formed, and unique in the catalog. */
  | 'declaration'
  /** Input and output are valid JSON Schema in which every property is described, and the examples fit them. */
  | 'schemas'
  /** * Examples with `output` or `error` end so when they are executed. */
  | 'examples'
  /** * A call resolves to plain JSON that fits the output schema, and leaves its input alone. */
  | 'execute'
  /** * A call with an empty context ends in a result or an error a caller can read. */
  | 'bare-context'
  /** * A call ends promptly when its signal is aborted, before or in the middle, and leaves nothing behind. */
  | 'abort'
  /** * Only declared secrets are asked for, and none is in a log, an event, an error, the output, the console or a pool key. */
  | 'secrets'
  /** * A dry run changes nothing, and a task that says it has no effect, or only reads, has none. */
  | 'dry-run'
  /** A call that its task calls pure gives the same twice, of its payload alone. */
  | 'pure'
  /** * Clients are pooled under a stable key, close, and nothing stays open. */
  | 'pool';

/** A call that does not end by itself. */
export interface StuckRun {
  payload: unknown;
  /** Resolves when the call is in the middle, e.g. when the server has its request; default: after one turn of the event loop. */
  started?: Promise<unknown>;
}

/** How the suite calls one task, where the task's own examples do not say enough. */
export interface TaskFixture {
  /** The input of an ordinary call that succeeds. Default: the first example with an output. */
  payload?(ctx: TestContext): unknown;
  /** Options of every context, e.g. files and secrets. A declared secret that is not given here is made up. */
  context?: Omit<TestContextOptions, 'task' | 'waits' | 'dryRun' | 'signal'>;
  /** Called before every call, e.g. to make files or empty a server. */
  prepare?(ctx: TestContext, payload: unknown): Promise<void> | void;
  /** A call to abort in the middle. Needed where an ordinary one is over too soon. */
  stuck?(ctx: TestContext): StuckRun | Promise<StuckRun>;
  /** Inputs of calls that fail with secrets in hand: what their errors say is searched for them. */
  failing?(ctx: TestContext): unknown[] | Promise<unknown[]>;
  /** What the task could change outside its workspace, as JSON: compared before and after a call that must have no effect. */
  effects?(): unknown;
  /** Rules that cannot be checked for this task, each with the reason. */
  optOut?: Partial<Record<Exclude<ConformanceRule, 'declaration' | 'schemas' | 'pure'>, string>>;
}

/** How the suite runs over a package's catalog. */
export interface ConformanceOptions {
  /** By task name, or `name@version` where a catalog has several versions of one. */
  tasks?: Record<string, TaskFixture>;
  /** Milliseconds an ordinary call may take; default 10,000. */
  timeoutMs?: number;
  /** Milliseconds a call may take to end once it is aborted, and a client to close; default 2,000. */
  promptMs?: number;
}

/** One thing that is checked. Independent of any test framework: `run` rejects with a {@link ConformanceError} when the task does not conform. */
export interface ConformanceCase {
  /** `name@version`, or `catalog`. */
  task: string;
  rule: ConformanceRule;
  name: string;
  /** Why this is not checked, where the package opted out. `name` says so too. */
  optedOut?: string;
  run(): Promise<void>;
}

/** A task breaks a rule, or the suite was given too little to tell. */
export class ConformanceError extends Error {
  override name = 'ConformanceError';
  readonly task: string;
  readonly rule: ConformanceRule;

  constructor(task: string, rule: ConformanceRule, message: string, cause?: unknown) {
    super(`${task} [${rule}]: ${message}`, cause === undefined ? undefined : { cause });
    this.task = task;
    this.rule = rule;
  }
}

/** A task with all that is needed to check it. */
export interface Subject {
  label: string;
  task: DeclaredTask;
  fixture: TaskFixture;
  timeoutMs: number;
  promptMs: number;
}
