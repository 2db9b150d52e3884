import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Packages } from './packages.ts';

const NAMES = ['always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'];

/** The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name; without them every trace is kept whose caller does not say otherwise. */
export function samplerOf(packages: Packages, env: Io['env']) {
  const { AlwaysOnSampler, AlwaysOffSampler, TraceIdRatioBasedSampler, ParentBasedSampler } = packages.trace;
  const name = env.OTEL_TRACES_SAMPLER || 'parentbased_always_on';
  if (!NAMES.includes(name)) throw wrong(`OTEL_TRACES_SAMPLER is "${name}"; there are: ${NAMES.join(', ')}`);
  const kind = name.replace('parentbased_', '');
  const root =
    kind === 'always_on'
      ? new AlwaysOnSampler()
      : kind === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio(env));
  return name === kind ? root : new ParentBasedSampler({ root });
}

function ratio({ OTEL_TRACES_SAMPLER_ARG: text = '1' }: Io['env']): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw wrong(`OTEL_TRACES_SAMPLER_ARG is "${text}"; expected a number from 0 to 1`);
  return value;
}

function wrong(problem: string): CliError {
  return new CliError(problem, { code: 'CONFIG_INVALID', next: 'correct or unset the variable; docs/telemetry.md says what it does' });
}
