import { createRunContext, defineTask, InvalidInputError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { checkKnownFields } from '../input/known-fields.ts';
import { epochOf } from '../input/rfc3339.ts';

/** A hundred years: what is longer is a mistake, and more than engines can count. */
const LONGEST = 100 * 365.25 * 24 * 3600 * 1000;

const Input = Type.Object(
  {
    ms: Type.Optional(Type.Number({ minimum: 0, maximum: LONGEST, description: 'Milliseconds to wait' })),
    until: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'RFC 3339 time to wait for, e.g. 2030-01-31T08:00:00Z; one that is past does not wait',
      }),
    ),
  },
  { additionalProperties: false, oneOf: [{ required: ['ms'] }, { required: ['until'] }] },
);

const Output = Type.Object({ slept: Type.Integer({ minimum: 0, description: 'Milliseconds waited for' }) });

/**
 * Waits, for a time or until a time, on the engine's clock.
 *
 * Effect: none. Durable: a worker that restarts goes on with the same wait, it does not begin another one; cancelling the run ends it at once.
 * `until` is compared with the engine's remembered time, so that a replay waits exactly as long.
 *
 * Errors: `INVALID_INPUT` ("ms must be >= 0" for `ms` missing, negative or no number).
 */
export const waitSleep = defineTask({
  name: 'tasks/wait.sleep',
  version: '0.1.0',
  title: 'Wait',
  description: 'Waits a number of milliseconds, or until a point in time. Survives a restart of the worker without waiting anew.',
  examples: [
    { title: 'A moment', input: { ms: 5 }, output: { slept: 5 } },
    { title: 'A time that is past', input: { until: '2020-01-01T00:00:00Z' }, output: { slept: 0 } },
  ],
  effect: 'none',
  durable: true,
  input: Input,
  output: Output,
  validate({ payload }) {
    target(payload);
  },
  async execute(ctx, { payload }) {
    const { ms, until } = target(payload);
    const context = createRunContext(ctx);
    const slept = ms ?? Math.max(0, until - (context.now ? await context.now() : Date.now()));
    if (slept > LONGEST) throw new InvalidInputError(`until must be at most 100 years away, found ${payload.until}`);
    if (slept > 0) await context.sleep(slept);
    return { payload: { slept } };
  },
});

export default waitSleep;

/** What to wait for: whole milliseconds, or a time in milliseconds since the epoch. */
function target(payload: Static<typeof Input>): { ms: number; until?: never } | { ms?: never; until: number } {
  const { ms, until } = payload ?? {};
  checkKnownFields(payload ?? {}, Input);
  if (until === undefined) {
    if (typeof ms !== 'number' || !(ms >= 0)) throw new InvalidInputError('ms must be >= 0');
    if (ms > LONGEST) throw new InvalidInputError(`ms must be >= 0 and at most ${LONGEST} (100 years), found ${ms}`);
    return { ms: Math.ceil(ms) };
  }
  if (ms !== undefined) throw new InvalidInputError('give either ms or until, not both');
  return { until: epoch(until) };
}

function epoch(until: unknown): number {
  const at = epochOf(until);
  if (at === undefined) {
    throw new InvalidInputError(
      `until must be an RFC 3339 date and time with its offset, e.g. 2030-01-31T08:00:00Z, found ${JSON.stringify(until)}`,
    );
  }
  return at;
}
