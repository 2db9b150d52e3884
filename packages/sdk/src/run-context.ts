import { abortableSleep } from './abort.ts';
import type { ArtifactRef, Artifacts } from './artifact.ts';
import type { Logger, RunContext } from './context.ts';
import type { DecisionRequest } from './decision.ts';
import { InvalidInputError, TaskError } from './errors.ts';
import { ClientPool } from './pool.ts';

/** A context in which nothing is missing. */
export type CompleteRunContext = RunContext & Required<Pick<RunContext, 'now' | 'step'>>;

/** Contexts made here are complete for good; asking again costs nothing. */
const complete = new WeakSet<object>();

/**
 * A context with working local defaults for whatever `given` lacks, so that a task can be called in a unit test with as
 * little as `{}`. A context that lacks nothing is returned as it is: tasks call this at the top of `execute`.
 *
 * What `given` has wins, also when it is a getter or comes from a class. The defaults: a logger that says nothing (pass one
 * to see), no secrets (`SECRET_MISSING`), events that go nowhere, a signal that never aborts, artifacts in a temporary folder
 * until the process ends, the current folder as workspace, real time, clients that are shared by the process and that
 * nobody closes (see `createTestContext`), and nobody to approve anything (`APPROVAL_REQUIRED`).
 */
export function createRunContext(given: Partial<RunContext> | null | undefined = {}): CompleteRunContext {
  const from = given ?? {};
  if (typeof from !== 'object')
    throw new InvalidInputError(`context: expected an object, found ${typeof from}`, { code: 'CONTEXT_INVALID' });
  if (complete.has(from) || isComplete(from)) return from as CompleteRunContext;
  const context = defaults();
  overlay(context, from);
  complete.add(context);
  return context;
}

function isComplete(given: object): boolean {
  for (const key of REQUIRED) {
    if (!(key in given)) return false;
    const own = Object.getOwnPropertyDescriptor(given, key);
    if (own !== undefined && own.get === undefined && own.value === undefined) return false;
  }
  return true;
}

const REQUIRED = Object.keys({
  runId: 0,
  workflowRef: 0,
  namespace: 0,
  correlation: 0,
  logger: 0,
  secrets: 0,
  emit: 0,
  taskId: 0,
  attempt: 0,
  idempotencyKey: 0,
  signal: 0,
  dryRun: 0,
  initiator: 0,
  artifacts: 0,
  workspace: 0,
  pool: 0,
  sleep: 0,
  now: 0,
  step: 0,
  decision: 0,
} satisfies Record<Exclude<keyof RunContext, 'policy' | 'signer' | 'preApproval' | 'trusts' | 'egress'>, 0>);

/** Lets every property of `given`, its classes' included, take the place of the default of the same name. */
function overlay(context: CompleteRunContext, given: object): void {
  const seen = new Set<string | symbol>();
  for (
    let holder: object | null = given;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const key of Reflect.ownKeys(holder)) {
      if (key === 'constructor' || seen.has(key)) continue;
      seen.add(key);
      const own = Object.getOwnPropertyDescriptor(holder, key);
      if (own === undefined) continue;
      if (own.get === undefined && typeof own.value !== 'function') {
        if (own.value !== undefined) define(context, key, { value: own.value, writable: true });
      } else {
        const fallback = Object.getOwnPropertyDescriptor(context, key);
        // Called on what was given: a getter or method may use state that only that object has.
        const read = (): unknown => {
          const value: unknown = Reflect.get(given, key);
          if (value === undefined) return fallback?.get ? fallback.get.call(context) : fallback?.value;
          // Not bound: V8's own `await using` takes no bound function for a disposer.
          return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, given, args) : value;
        };
        define(context, key, own.get === undefined ? { value: read(), writable: true } : { get: read });
      }
    }
  }
}

function define(context: object, key: string | symbol, descriptor: { value: unknown; writable: true } | { get: () => unknown }): void {
  // A test may assign to what is computed until then.
  const set = 'get' in descriptor ? { set: (value: unknown) => define(context, key, { value, writable: true }) } : {};
  Object.defineProperty(context, key, { configurable: true, enumerable: true, ...descriptor, ...set });
}

function defaults(): CompleteRunContext {
  const fixed: Omit<CompleteRunContext, 'runId' | 'signal' | 'correlation' | 'idempotencyKey' | 'workspace'> = {
    workflowRef: 'local@0.0.0',
    namespace: 'default',
    logger: silent,
    secrets: missingSecret,
    emit: async () => {},
    taskId: 'task',
    attempt: 1,
    dryRun: false,
    initiator: { id: 'local', roles: [] },
    artifacts: localArtifacts,
    pool: localPool,
    // Of the object it is called on, where that is one: `{ ...context, signal }` has another signal.
    sleep(this: unknown, ms) {
      return abortableSleep(ms, hasSignal(this) ? this.signal : context.signal);
    },
    now: async () => Date.now(),
    async step(this: unknown, _name, run) {
      return remembered(await run(hasSignal(this) ? this.signal : context.signal));
    },
    decision: nobodyDecides,
  };
  const context = fixed as CompleteRunContext;
  define(context, 'runId', { get: once(() => `local-${crypto.randomUUID()}`) });
  define(context, 'signal', { get: once(() => new AbortController().signal) });
  define(context, 'correlation', { get: () => ({ runId: context.runId, taskId: context.taskId }) });
  define(context, 'idempotencyKey', { get: () => `${context.runId}/${context.taskId}` });
  define(context, 'workspace', { get: () => process.cwd() });
  return context;
}

/** A value as it comes back when it has been remembered. */
export function remembered<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

const localClients = once(() => new ClientPool());

/** The clients of this process for calls without a worker: shared by all of them, since each may come with a context of its own. */
const localPool: RunContext['pool'] = (key, open, close) => localClients().get(key, open, close);

/** Whether nobody will close the clients of this context, as a worker does when it stops: they must not outlive their use for long. */
export function hasLocalPool(ctx: Pick<RunContext, 'pool'>): boolean {
  return ctx.pool === localPool;
}

function hasSignal(value: unknown): value is { signal: AbortSignal } {
  return typeof value === 'object' && value !== null && (value as { signal?: unknown }).signal instanceof AbortSignal;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const silent: Logger = { info() {}, error() {} };

/** Loaded when used: the store needs Node, which this module does not. */
const localArtifacts: Artifacts = {
  async put(source, meta) {
    const { temporaryArtifacts } = await import('./artifacts/temporary.ts');
    return (await temporaryArtifacts()).put(source, meta);
  },
  async *open(ref: ArtifactRef, options) {
    const { temporaryArtifacts } = await import('./artifacts/temporary.ts');
    yield* (await temporaryArtifacts()).open(ref, options);
  },
};

async function missingSecret(key: string): Promise<never> {
  throw TaskError.terminal(
    'SECRET_MISSING',
    `secret ${key} is not available in this context; pass secrets: async (key) => ... to createRunContext`,
  );
}

async function nobodyDecides(request: DecisionRequest | undefined): Promise<never> {
  const by = Array.isArray(request?.approvers) && request.approvers.length > 0 ? ` by ${request.approvers.join(', ')}` : '';
  throw TaskError.terminal(
    'APPROVAL_REQUIRED',
    `Approval required${by}: nobody can be asked in this context; pass decision: async (request) => ... to createRunContext`,
  );
}
