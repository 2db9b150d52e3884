import { randomUUID } from 'node:crypto';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { isProvided, RunIdGenerator } from '@summit/maestro-worker/telemetry';
import type { ResolvedConfig, TelemetrySetting } from '../config/config.ts';
import type { Io } from '../io.ts';
import { packageVersion } from '../version.ts';
import { loadPackages, type Packages } from './packages.ts';
import { samplerOf } from './sampler.ts';

/** How long the last spans and measurements may take to be sent when a command ends, in milliseconds. */
const GOODBYE_MS = 2_000;
/** Spans that wait to be sent; more are dropped, and never wait in the way of a run. */
const MAX_QUEUE = 8_192;

/** Variables of which each names a receiver. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'];

/** Ends the sending of telemetry, after what is left is sent, or time is up. */
export type StopTelemetry = () => Promise<void>;

/**
 * Starts to send traces and metrics, where the configuration or the environment says so, and nobody has registered providers in this
 * process already. `report` is told once when nothing can be sent. Throws `TELEMETRY_PACKAGES_MISSING` where the configuration asks for it;
 * what only the environment says, which may be meant for other programs, is reported and left.
 */
export async function startTelemetry(
  config: Pick<ResolvedConfig, 'telemetry'>,
  env: Io['env'],
  report: (text: string) => void,
): Promise<StopTelemetry> {
  const off = async () => {};
  const asked = config.telemetry !== undefined;
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || isProvided()) return off;
  if (!asked && !ENDPOINTS.some((name) => env[name])) return off;
  let packages: Packages;
  try {
    packages = await loadPackages();
  } catch (error) {
    if (asked) throw error;
    report(`no telemetry is sent, although OTEL_EXPORTER_OTLP_ENDPOINT is set: ${error instanceof Error ? error.message : String(error)}`);
    return off;
  }
  return register(packages, config.telemetry ?? {}, env, report);
}

function register(packages: Packages, setting: TelemetrySetting, env: Io['env'], report: (text: string) => void): StopTelemetry {
  const { TracerProvider, BatchSpanProcessor } = packages.trace;
  const { MeterProvider, PeriodicExportingMetricReader } = packages.metrics;
  const { OTLPTraceExporter } = packages.traceExporter;
  const { OTLPMetricExporter } = packages.metricExporter;
  const sampler = samplerOf(packages, env);
  let reported = false;
  packages.core.setGlobalErrorHandler((error) => {
    if (reported) return;
    reported = true;
    report(`telemetry cannot be sent, runs go on without: ${messageOf(error)}`);
  });
  const resource = resourceOf(packages, setting, env);
  const traces = new TracerProvider({
    resource,
    sampler,
    idGenerator: new RunIdGenerator(),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(exporterOptions(setting, env, 'traces')),
        maxQueueSize: MAX_QUEUE,
        scheduledDelayMillis: Number(env.OTEL_BSP_SCHEDULE_DELAY) || 1_000,
      }),
    ],
  });
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(exporterOptions(setting, env, 'metrics')),
        exportIntervalMillis: Number(env.OTEL_METRIC_EXPORT_INTERVAL) || 60_000,
        exportTimeoutMillis: Math.min(30_000, Number(env.OTEL_METRIC_EXPORT_INTERVAL) || 30_000),
      }),
    ],
  });
  context.setGlobalContextManager(new packages.contexts.AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new packages.core.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(traces);
  metrics.setGlobalMeterProvider(meters);
  return async () => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GOODBYE_MS);
    });
    await Promise.race([Promise.allSettled([traces.shutdown(), meters.shutdown()]), late]);
    clearTimeout(timer);
    for (const api of [trace, metrics, context, propagation]) api.disable();
  };
}

function resourceOf({ resources }: Packages, setting: TelemetrySetting, env: Io['env']) {
  const { detectResources, envDetector, resourceFromAttributes } = resources;
  const own = resourceFromAttributes({
    'service.name': setting.serviceName ?? 'maestro',
    'service.version': packageVersion(),
    'service.instance.id': randomUUID(),
  });
  const said = detectResources({ detectors: [envDetector] });
  const named = env.OTEL_SERVICE_NAME ? resourceFromAttributes({ 'service.name': env.OTEL_SERVICE_NAME }) : undefined;
  return own.merge(said).merge(named ?? null);
}

/** What the environment leaves open; the exporters read the rest of it themselves. */
function exporterOptions({ otlp }: TelemetrySetting, env: Io['env'], signal: 'traces' | 'metrics') {
  const named = (what: string) => env[`OTEL_EXPORTER_OTLP_${what}`] || env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${what}`];
  return {
    ...(otlp?.endpoint === undefined || named('ENDPOINT') ? {} : { url: `${otlp.endpoint.replace(/\/+$/, '')}/v1/${signal}` }),
    ...(otlp?.headers === undefined || named('HEADERS') ? {} : { headers: otlp.headers }),
  };
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { code, message } = error as { code?: unknown; message?: string };
  return [message, code].filter((part) => typeof part === 'string' && part !== '').join(' ') || 'no answer';
}
