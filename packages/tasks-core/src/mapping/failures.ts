import { TaskError } from '@summit/maestro-sdk';
import { LeafError } from './compile.ts';

/** A row that failed. */
export interface RowFailure {
  /** Of the row in the source, from 0. */
  index: number;
  /** The part of the input that failed, e.g. `mapping.total`; absent: the row could not be read. */
  path?: string;
  message: string;
}

/** Longest message of a failure that is kept. */
const LONGEST_MESSAGE = 1_000;

/** Collects the rows that failed, the first of them by name; or ends everything with the first. */
export class Failures {
  readonly list: RowFailure[] = [];
  count = 0;
  readonly #skip: boolean;
  readonly #most: number;

  constructor(onError: 'fail' | 'skip', most: number) {
    this.#skip = onError === 'skip';
    this.#most = most;
  }

  /** Notes a failure; throws `TRANSFORM_ROW_FAILED`, or `code`, where failures end the task. */
  add(failure: RowFailure, cause?: unknown): void {
    const message = failure.message.slice(0, LONGEST_MESSAGE);
    if (!this.#skip) {
      const at = failure.path === undefined ? '' : `${failure.path}: `;
      throw TaskError.terminal('TRANSFORM_ROW_FAILED', `row ${failure.index} (counted from 0): ${at}${message}`, {
        details: { ...failure, message },
        ...(cause === undefined ? {} : { cause }),
      });
    }
    this.count++;
    if (this.list.length < this.#most) this.list.push({ ...failure, message });
  }

  /** Notes what an expression threw; anything else goes on. */
  thrown(index: number, error: unknown): void {
    if (!(error instanceof LeafError)) throw error;
    this.add({ index, path: error.path, message: error.message }, error.cause);
  }
}
