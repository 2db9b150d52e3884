import { createHash, randomBytes } from 'node:crypto';
import { type SpanContext, TraceFlags } from '@opentelemetry/api';

/** What a trace is derived from. */
export interface Traced {
  runId: string;
  /** W3C trace context of who started the run; absent: the run begins a trace of its own. */
  traceparent?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** The span context that a `traceparent` names, or undefined when it names none. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
}

/** A caller's trace context as it is kept with a run; undefined where it is none. */
export function keptTraceparent(text: string | undefined): string | undefined {
  const caller = text === undefined ? undefined : parseTraceparent(text);
  return caller === undefined ? undefined : formatTraceparent(caller);
}

/** Of the trace that a run is part of: the caller's, or one that the run's id names. */
export function traceIdOf({ runId, traceparent }: Traced): string {
  const caller = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  return caller?.traceId ?? hex(`trace:${runId}`, 16);
}

/** Of the span of a run, or of one of its tasks: the same in every process that has a part in the run. */
export function spanIdOf({ runId }: Traced, task?: string): string {
  return hex(task === undefined ? `run:${runId}` : `task:${runId}/${task}`, 8);
}

function hex(name: string, bytes: number): string {
  const digest = createHash('sha256').update(name).digest().subarray(0, bytes);
  // All zeros is no id.
  if (digest.every((byte) => byte === 0)) digest[bytes - 1] = 1;
  return digest.toString('hex');
}

let planned: { traceId: string; spanId: string } | undefined;
let generators = 0;

/** Has the spans that `make` starts be given these ids, where the provider asks a {@link RunIdGenerator} for them. */
export function withIds<T>(ids: { traceId: string; spanId: string }, make: () => T): T {
  planned = ids;
  try {
    return make();
  } finally {
    planned = undefined;
  }
}

/** Whether there is a provider that asks for ids here. */
export function idsAreAsked(): boolean {
  return generators > 0;
}

/**
 * The `idGenerator` of a tracer provider: the spans of runs and tasks are given ids that follow from the run's, so that every process that has
 * a part in a run names them alike; all others get random ones.
 */
export class RunIdGenerator {
  constructor() {
    generators += 1;
  }

  generateTraceId(): string {
    return planned?.traceId ?? randomHex(16);
  }

  generateSpanId(): string {
    return planned?.spanId ?? randomHex(8);
  }
}

function randomHex(bytes: number): string {
  const made = randomBytes(bytes);
  made[0] = (made[0] ?? 0) | 1;
  return made.toString('hex');
}
