import { type Attributes, type Context, context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { INSTRUMENTATION } from '@summit/maestro-sdk/telemetry';
import type { RunError, RunEvent } from '../run.ts';
import { attribute, taskCode } from './attributes.ts';
import { idsAreAsked, parseTraceparent, spanIdOf, type Traced, traceIdOf, withIds } from './ids.ts';
import type { KnownRun, KnownTask } from './known-runs.ts';

/** Longest message of a status, in characters. */
const MAX_MESSAGE = 500;
/** How many runs' sampling is kept in mind. */
const MOST_RUNS = 10_000;

const sampled = new Map<string, number>();

/** The context whose children are what belongs to a run, or to one of its tasks: in every process the same. */
export function contextOf(run: Traced, task?: string): Context {
  const spanContext = { traceId: traceIdOf(run), spanId: spanIdOf(run, task), traceFlags: flagsOf(run), isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}

/** Whether a run is sampled: as its caller says, else as the provider's sampler says of the run's trace id, which is so in every process. */
function flagsOf(run: Traced): number {
  const caller = run.traceparent === undefined ? undefined : parseTraceparent(run.traceparent);
  if (caller !== undefined) return caller.traceFlags;
  const known = sampled.get(run.runId);
  if (known !== undefined) return known;
  // Started to be asked, and never ended, so that it is never exported.
  const flags = startRun(run, 'run', {}, Date.now()).spanContext().traceFlags;
  if (sampled.size >= MOST_RUNS) sampled.delete(sampled.keys().next().value as string);
  sampled.set(run.runId, flags);
  return flags;
}

function startRun(run: Traced, name: string, attributes: Attributes, since: number): Span {
  const ids = { traceId: traceIdOf(run), spanId: spanIdOf(run) };
  const caller = run.traceparent === undefined ? undefined : parseTraceparent(run.traceparent);
  // A provider that does not ask for ids would give the root another trace id than its children.
  const parent = caller ?? (idsAreAsked() ? undefined : { ...ids, traceFlags: 1, isRemote: true });
  const within = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  const kind = caller === undefined ? SpanKind.INTERNAL : SpanKind.SERVER;
  return withIds(ids, () => tracer().startSpan(name, { kind, attributes, startTime: since }, within));
}

function tracer() {
  return trace.getTracer(INSTRUMENTATION);
}

/** The span of a run that has ended. */
export function runSpan(run: KnownRun, event: RunEvent, at: number): void {
  const { status, error } = event.data as { status?: string; error?: RunError };
  const { name } = taskCode(run.ref);
  const attributes: Attributes = { [attribute.runId]: run.runId, [attribute.runRef]: run.ref, [attribute.runbook]: name };
  if (status !== undefined) attributes[attribute.runStatus] = status;
  if (run.dryRun) attributes[attribute.dryRun] = true;
  if (run.parent !== undefined) attributes[attribute.runParent] = run.parent;
  const span = startRun(run, `run ${name}`, attributes, run.since);
  for (const { at: when, ...decision } of run.decisions) {
    span.addEvent(
      'decision.made',
      { 'maestro.decision.name': decision.name, [attribute.role]: decision.role, 'maestro.decision.approved': decision.approved },
      when,
    );
  }
  end(span, error, at);
}

/** The span of a task of a list, of all its attempts and items and the waits between them. */
export function taskSpan(run: KnownRun, task: string, { since, uses, phase, items }: KnownTask, event: RunEvent, at: number): void {
  const { error, attempts, status = 'succeeded' } = event.data as { error?: RunError; attempts?: number; status?: string };
  const { name, version } = taskCode(uses);
  const attributes: Attributes = {
    [attribute.runId]: run.runId,
    [attribute.taskId]: task,
    [attribute.taskName]: name,
    [attribute.taskVersion]: version,
    [attribute.taskStatus]: status,
    ...(attempts === undefined ? {} : { [attribute.taskAttempts]: attempts }),
    ...(phase === undefined ? {} : { [attribute.taskPhase]: phase }),
    ...(items === undefined ? {} : { [attribute.taskItems]: items }),
  };
  const ids = { traceId: traceIdOf(run), spanId: spanIdOf(run, task) };
  const options = { kind: SpanKind.INTERNAL, attributes, startTime: since };
  const span = withIds(ids, () => tracer().startSpan(`task ${lastPart(task)}`, options, contextOf(run, parentOf(task))));
  end(span, error, at);
}

/** Does `work` within a span that is made of what this process does now. */
export function spanned<T>(name: string, attributes: Attributes, parent: Context, work: (span: Span) => Promise<T>): Promise<T> {
  const span = tracer().startSpan(name, { attributes }, parent);
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

/** Tells that what `span` is about has failed. `error` is one that was made safe to be remembered. */
export function failed(span: Span, error: RunError): void {
  span.setAttribute(attribute.error, error.code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: `${error.code}: ${error.message}`.slice(0, MAX_MESSAGE) });
}

function end(span: Span, error: RunError | undefined, at: number): void {
  if (error !== undefined) failed(span, error);
  span.end(at);
}

/** The task whose sub-workflow a task stands in: `a/b` for `a/b[3]/c`. */
function parentOf(task: string): string | undefined {
  const cut = task.lastIndexOf('/');
  return cut < 0 ? undefined : task.slice(0, cut).replace(/\[\d+\]$/, '');
}

function lastPart(task: string): string {
  return task.slice(task.lastIndexOf('/') + 1);
}
