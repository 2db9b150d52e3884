import { isDeepStrictEqual } from 'node:util';
import { createTestContext, type TestContext, type TestContextOptions } from '../context.ts';
import { type Connections, connections } from './connections.ts';
import { ConformanceError, type ConformanceRule, type Subject } from './model.ts';
import { validatorsOf } from './schemas.ts';
import { listen, moreHandles, openFiles, openHandles, snapshot, untilNone } from './watch.ts';

export type Outcome = { ok: true; output: unknown } | { ok: false; error: unknown } | 'hung';

/** A call of a task, and everything that was seen of it. */
export interface Call {
  context: TestContext;
  /** As the task got it. */
  payload: unknown;
  /** True when the task has changed its input. */
  payloadChanged: boolean;
  outcome: Outcome;
  printed: readonly string[];
  /** Kinds of contact with the outside. */
  contacted: ReadonlySet<string>;
  workspaceBefore: Map<string, string>;
  workspaceAfter: Map<string, string>;
  effectsBefore: unknown;
  effectsAfter: unknown;
  /** What was left open when everything had been given back. */
  leftOpen: readonly string[];
  /** Why a pooled client did not close. */
  closeError?: unknown;
}

/** How a call differs from an ordinary one. */
export interface CallOptions {
  rule: ConformanceRule;
  context?: Pick<TestContextOptions, 'dryRun' | 'waits'>;
  /** Default: the fixture's, or the first example with an output. */
  payload?: (ctx: TestContext) => unknown;
  /** What to do with the task instead of executing it once. */
  drive?: (ctx: TestContext, payload: unknown) => Promise<unknown>;
}

/** A value for every declared secret: the fixture's, or one made up. */
export function secretsOf({ task, fixture }: Subject): Record<string, string> {
  const made = Object.fromEntries((task.secrets ?? []).map((name) => [name, `canary-${name}-7f3a91c4e0`]));
  return { ...made, ...fixture.context?.secrets };
}

/** Calls the task as a worker would: input checked and completed, `init`, `validate`, `execute`. Closes and removes everything afterwards. */
export async function call(subject: Subject, options: CallOptions): Promise<Call> {
  const { task, fixture } = subject;
  const context = createTestContext({ ...fixture.context, ...options.context, task, secrets: secretsOf(subject) });
  const handles = openHandles();
  let files: string[] = [];
  let seen: Seen;
  try {
    seen = await observe(subject, options, context);
    const folder = context.workspace;
    files = (await untilNone(() => openFiles(folder), subject.promptMs)).map((path) => `the file ${path}`);
  } catch (error) {
    await context.dispose();
    throw error;
  }
  const { talking, ...rest } = seen;
  const closeError = await closed(context, subject.promptMs);
  const left = await untilNone(() => [...talking.open(), ...moreHandles(handles)], subject.promptMs);
  return { ...rest, leftOpen: [...files, ...left], ...(closeError === undefined ? {} : { closeError }) };
}

type Seen = Omit<Call, 'leftOpen' | 'closeError'> & { talking: Connections };

async function observe(subject: Subject, options: CallOptions, context: TestContext): Promise<Seen> {
  const { fixture } = subject;
  const supplied = await (options.payload ?? ordinaryPayload(subject, options.rule))(context);
  const payload = validatorsOf(subject).complete(options.rule, supplied);
  const given = structuredClone(payload);
  await fixture.prepare?.(context, payload);
  const workspaceBefore = await snapshot(context.workspace);
  const effectsBefore = await fixture.effects?.();
  const printing = listen();
  const talking = connections();
  let outcome: Outcome;
  try {
    const drive = options.drive ?? (async (ctx: TestContext) => execute(subject, ctx, payload));
    outcome = await within(subject.timeoutMs, drive(context, payload));
  } finally {
    talking.stop();
    printing.stop();
  }
  return {
    context,
    payload,
    payloadChanged: !isDeepStrictEqual(payload, given),
    outcome,
    printed: printing.lines,
    contacted: talking.contacted,
    talking,
    workspaceBefore,
    workspaceAfter: await snapshot(context.workspace),
    effectsBefore,
    effectsAfter: await fixture.effects?.(),
  };
}

/** `init`, `validate` and `execute`, as a worker calls them; resolves to the payload that came out. */
export async function execute({ task }: Subject, ctx: TestContext, payload: unknown): Promise<unknown> {
  await task.init?.(ctx);
  await task.validate?.({ payload });
  const result: unknown = await task.execute(ctx, { payload });
  return (result as { payload?: unknown } | undefined)?.payload;
}

/** How `work` ends, or `hung` when it has not after `ms` milliseconds. */
export async function within(ms: number, work: Promise<unknown>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(resolve, ms, 'hung');
  });
  try {
    return await Promise.race([
      work.then(
        (output): Outcome => ({ ok: true, output }),
        (error: unknown): Outcome => ({ ok: false, error }),
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function ordinaryPayload(subject: Subject, rule: ConformanceRule): (ctx: TestContext) => unknown {
  if (subject.fixture.payload !== undefined) return subject.fixture.payload;
  const example = subject.task.examples.find(({ output }) => output !== undefined);
  if (example !== undefined) return () => structuredClone(example.input);
  throw new ConformanceError(
    subject.label,
    rule,
    'cannot be checked: no example has an output, so the suite knows no call that succeeds; give it one, or a fixture with payload, or opt out with a reason',
  );
}

/** Why a pooled client did not close; then removes what is left of the context. */
async function closed(context: TestContext, ms: number): Promise<unknown> {
  const outcome = await within(ms, context.closeClients());
  await context.dispose();
  if (outcome === 'hung') return new Error(`a pooled client did not close within ${ms} ms`);
  return outcome.ok ? undefined : outcome.error;
}
