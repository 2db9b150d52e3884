import { join } from 'node:path';
import type { ArtifactRef, Artifacts } from '../artifact.ts';
import { createFolderArtifacts } from '../artifacts/folder.ts';
import type { RunContext } from '../context.ts';
import type { DecisionRequest } from '../decision.ts';
import { TaskError } from '../errors.ts';
import { ClientPool } from '../pool.ts';
import { type CompleteRunContext, createRunContext, remembered } from '../run-context.ts';
import { VirtualClock } from './clock.ts';
import { DecisionScript, type ScriptedDecision } from './decisions.ts';
import { LazyFolder, makeWorkspace } from './folder.ts';
import type { EmittedEvent, LogLine, PooledClient } from './records.ts';

type Facts =
  | 'runId'
  | 'workflowRef'
  | 'namespace'
  | 'correlation'
  | 'policy'
  | 'taskId'
  | 'attempt'
  | 'idempotencyKey'
  | 'dryRun'
  | 'initiator'
  | 'signer'
  | 'egress';

/** What a test wants its task to find. */
export interface TestContextOptions extends Partial<Pick<RunContext, Facts>> {
  /** The task under test: as in a worker it is then refused secrets it does not declare, and waits unless it is durable. */
  task?: { name?: string; secrets?: string[]; durable?: boolean };
  /** Secrets by name; any other is `SECRET_MISSING`. */
  secrets?: Record<string, string>;
  /** What people answer, one entry per request. */
  decisions?: readonly ScriptedDecision[];
  /** Files in the workspace, by relative path. */
  files?: Record<string, string | Uint8Array>;
  /** An existing folder to use as workspace instead of a temporary one; it is not removed. */
  workspace?: string;
  /** Aborts the context's signal as well. */
  signal?: AbortSignal;
  /** Where the virtual clock starts: milliseconds since the epoch, or a date. Default 2026-01-01. */
  now?: number | string | Date;
  /** `pass` (default): `sleep` takes no time and moves the clock. `hang`: sleeps and unscripted decisions last until aborted. */
  waits?: 'pass' | 'hang';
}

/** A context that keeps what happened to it. Dispose of it, or its clients and temporary files stay. */
export interface TestContext extends CompleteRunContext, AsyncDisposable {
  readonly logs: readonly LogLine[];
  readonly events: readonly EmittedEvent[];
  /** Names of the secrets asked for, in order, refused ones included. */
  readonly secretsAsked: readonly string[];
  /** Names that were refused because the task does not declare them. */
  readonly secretsRefused: readonly string[];
  readonly decisionsAsked: readonly DecisionRequest[];
  /** Milliseconds of each sleep. */
  readonly sleeps: readonly number[];
  /** Names of the steps, in order. */
  readonly steps: readonly string[];
  readonly pooled: readonly PooledClient[];
  readonly clock: VirtualClock;
  /** Aborts the signal, as a cancel or a timeout does. */
  abort(reason?: unknown): void;
  /** All bytes of an artifact, verified. */
  readArtifact(ref: ArtifactRef): Promise<Buffer>;
  /** Closes pooled clients, as a worker does that stops. Throws when one does not close. */
  closeClients(): Promise<void>;
  /** Closes pooled clients and removes temporary files. Throws when a client does not close. */
  dispose(): Promise<void>;
}

/**
 * A context for tests: everything a task does with it is kept, time is virtual, and workspace and artifacts are folders of its own.
 *
 * ```ts
 * const ctx = createTestContext({ secrets: { TOKEN: 't' }, files: { 'a.txt': 'hello' } });
 * try { await task.execute(ctx, { payload }); } finally { await ctx.dispose(); }
 * ```
 */
export function createTestContext(options: TestContextOptions = {}): TestContext {
  const {
    task,
    secrets = {},
    decisions = [],
    files = {},
    workspace: given,
    signal,
    now = '2026-01-01T00:00:00Z',
    waits = 'pass',
    ...facts
  } = options;
  const clock = new VirtualClock(new Date(now).getTime(), waits === 'hang');
  const script = new DecisionScript(decisions, () => clock.now(), waits === 'hang');
  const folder = new LazyFolder();
  const controller = new AbortController();
  const aborted = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const pool = new ClientPool();
  const logs: LogLine[] = [];
  const events: EmittedEvent[] = [];
  const secretsAsked: string[] = [];
  const secretsRefused: string[] = [];
  const sleeps: number[] = [];
  const steps: string[] = [];
  const pooled = new Map<string, PooledClient>();
  let workspace: string | undefined;
  let artifacts: Artifacts | undefined;

  const log = (level: LogLine['level']) => (message: string, fields?: Record<string, unknown>) => {
    logs.push(fields === undefined ? { level, message } : { level, message, fields });
  };
  const refuseWaits = () => {
    if (task === undefined || task.durable === true) return;
    throw TaskError.terminal(
      'TASK_NOT_DURABLE',
      `${task.name ?? 'the task'} waits on the engine, which only a task declared with durable: true may do`,
    );
  };
  const context: Partial<RunContext> & Omit<TestContext, keyof RunContext> = {
    taskId: 'test',
    ...facts,
    logger: { info: log('info'), error: log('error') },
    async secrets(key) {
      secretsAsked.push(key);
      if (task !== undefined && !task.secrets?.includes(key)) {
        secretsRefused.push(key);
        throw TaskError.terminal('SECRET_UNDECLARED', `${task.name ?? 'the task'} asked for the secret ${key}, which it does not declare`);
      }
      if (Object.hasOwn(secrets, key)) return secrets[key] as string;
      throw TaskError.terminal(
        'SECRET_MISSING',
        `secret ${key} is not available in this test; pass it as secrets: { ${key}: '...' } to createTestContext`,
      );
    },
    async emit(event, payload) {
      events.push({ event, payload });
    },
    signal: aborted,
    get artifacts() {
      artifacts ??= createFolderArtifacts(join(folder.path, 'artifacts'));
      return artifacts;
    },
    get workspace() {
      workspace ??= given ?? makeWorkspace(join(folder.path, 'workspace'), files);
      return workspace;
    },
    pool(key, open, close) {
      const client = pooled.get(key) ?? { key, uses: 0, opened: 0, closed: false };
      pooled.set(key, client);
      client.uses += 1;
      const opening = () => {
        client.opened += 1;
        return open();
      };
      return pool.get(key, opening, async (opened) => {
        await close(opened);
        client.closed = true;
      });
    },
    async sleep(ms) {
      refuseWaits();
      sleeps.push(ms);
      await clock.sleep(ms, aborted);
    },
    async now() {
      return clock.now();
    },
    async step(name, run) {
      refuseWaits();
      steps.push(name);
      return remembered(await run(aborted));
    },
    async decision(request) {
      refuseWaits();
      return script.ask(request, aborted);
    },
    logs,
    events,
    secretsAsked,
    secretsRefused,
    decisionsAsked: script.asked,
    sleeps,
    steps,
    get pooled() {
      return [...pooled.values()];
    },
    clock,
    abort: (reason) => controller.abort(reason),
    async readArtifact(ref) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (context as TestContext).artifacts.open(ref)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    closeClients: () => pool.close(),
    async dispose() {
      try {
        await pool.close();
      } finally {
        await folder.remove();
      }
    },
    [Symbol.asyncDispose]: () => context.dispose(),
  };
  return createRunContext(context) as TestContext;
}
