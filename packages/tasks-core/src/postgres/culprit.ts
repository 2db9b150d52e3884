import { isServerError, type ServerError } from './failure.ts';

/**
 * The one of `suspects` that fails for itself, found by halving; `fails` tries some of them. Undefined where none does: where it takes two to
 * fail, or one and what is there no more.
 */
export async function culprit<T>(suspects: readonly T[], fails: (part: readonly T[]) => Promise<boolean>): Promise<T | undefined> {
  let left = suspects;
  while (left.length > 1) {
    const half = left.slice(0, left.length >> 1);
    left = (await fails(half)) ? half : left.slice(half.length);
  }
  return left.length === 1 && (await fails(left)) ? left[0] : undefined;
}

/** Classes of errors that are about rows: values, constraints, views WITH CHECK OPTION, what is too large, and what triggers raise. */
const ABOUT_ROWS = /^(?:2[23]|44|54000|P0001)/;
/** Of these the detail says the key, and nothing that differs from one attempt to the next. */
const KEYS = new Set(['23503', '23505', '23P01']);

export function isAboutRows({ code }: ServerError): boolean {
  return ABOUT_ROWS.test(code);
}

/** Whether an attempt failed as the first one did; rejects with what has nothing to do with rows. */
export function failsAlike(error: unknown, first: ServerError): boolean {
  if (!isServerError(error) || !isAboutRows(error)) throw error;
  return error.code === first.code && error.message === first.message && (!KEYS.has(error.code) || error.detail === first.detail);
}
