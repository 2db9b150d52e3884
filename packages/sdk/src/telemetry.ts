import {
  type Attributes,
  context,
  INVALID_SPAN_CONTEXT,
  ProxyTracerProvider,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isTaskError } from './errors.ts';

/** Name of the instrumentation that the spans and metrics of Maestro carry. */
export const INSTRUMENTATION = '@summit/maestro';

/** What a client span says beyond its name. Never a secret, and nothing that may hold one: no paths, queries, keys, statements. */
export interface ClientSpanOptions {
  /** `producer`: what is sent is taken up by others later, as with a message broker. Default `client`. */
  kind?: 'client' | 'producer';
  /** After OpenTelemetry's semantic conventions. */
  attributes?: Attributes;
}

/**
 * Does `work` within a span of a request that goes out, and ends the span with it; what fails is told by its code alone, as messages may hold
 * more than a trace should. Without a tracer provider it does `work` and nothing else.
 */
export function clientSpan<T>(name: string, options: ClientSpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const tracer = registeredTracer();
  if (tracer === undefined) return work(NOT_RECORDED);
  const { kind = 'client', attributes } = options;
  const settings = { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.PRODUCER, ...(attributes === undefined ? {} : { attributes }) };
  return tracer.startActiveSpan(name, settings, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', errorType(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

const NOT_RECORDED = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Undefined where nobody has registered a provider: then not even a context is made. */
function registeredTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  if (provider instanceof ProxyTracerProvider) return provider.getDelegateTracer(INSTRUMENTATION);
  return provider.getTracer(INSTRUMENTATION);
}

/** Tells that a request was answered with a status of failure. */
export function failedWith(span: Span, status: number): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', String(status));
}

/** Headers that have who receives them go on with the active trace (`traceparent`, as the W3C says); none without one. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** What went wrong, by a name of which there are few. */
export function errorType(error: unknown): string {
  if (isTaskError(error)) return error.code;
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
