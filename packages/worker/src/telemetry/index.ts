export { attribute, metric } from './attributes.ts';
export { RunIdGenerator, spanIdOf, type Traced, traceIdOf } from './ids.ts';
export { isProvided } from './telemetry.ts';
