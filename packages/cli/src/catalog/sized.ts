import { CliError } from '../errors.ts';

/** Makes something of a plan; says what to do where the plan is too large for it. */
export function sized<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    // By its code, not its class: the drawing of pictures is a bundle of its own.
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'PLAN_TOO_LARGE')) throw cause;
    throw new CliError(cause.message, { code: 'PLAN_TOO_LARGE', next: 'take the sub-workflows one by one: workflows/name@version', cause });
  }
}
