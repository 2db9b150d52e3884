import { CliError } from '../errors.ts';

/** What sends telemetry, which is not installed with the command. */
export const TELEMETRY_PACKAGES = [
  '@opentelemetry/sdk-trace',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/context-async-hooks',
  '@opentelemetry/core',
] as const;

/** What is used of them. */
export interface Packages {
  trace: typeof import('@opentelemetry/sdk-trace');
  metrics: typeof import('@opentelemetry/sdk-metrics');
  traceExporter: typeof import('@opentelemetry/exporter-trace-otlp-http');
  metricExporter: typeof import('@opentelemetry/exporter-metrics-otlp-http');
  resources: typeof import('@opentelemetry/resources');
  contexts: typeof import('@opentelemetry/context-async-hooks');
  core: typeof import('@opentelemetry/core');
}

/** Loads them. Throws `TELEMETRY_PACKAGES_MISSING` with the command that installs them. */
export async function loadPackages(): Promise<Packages> {
  try {
    const [trace, metrics, traceExporter, metricExporter, resources, contexts, core] = await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
    ]);
    return { trace, metrics, traceExporter, metricExporter, resources, contexts, core };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const [, name] = /package '([^']+)'/.exec((cause as Error).message) ?? [];
    throw new CliError(`telemetry is on, but ${name ?? 'a package that sends it'} is not installed`, {
      code: 'TELEMETRY_PACKAGES_MISSING',
      next: `install what sends it: npm install ${TELEMETRY_PACKAGES.join(' ')}`,
      cause,
    });
  }
}
