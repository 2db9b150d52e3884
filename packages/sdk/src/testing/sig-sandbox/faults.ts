/** What can be asked for: the requests for one thing, however they are made. */
export type SigRoute = 'ingest' | 'exports' | 'export-status' | 'export-bundle' | 'policy';

/** What goes wrong. `after`: when the request has had its effect; otherwise it has none, unless it says so. */
export type SigFault =
  /** Another status, by default with an error as body. `retryAfter`: seconds, or a date as HTTP has it. */
  | { kind: 'status'; status: number; retryAfter?: number | string; body?: string; after?: boolean }
  /** The answer takes `ms` milliseconds more. */
  | { kind: 'slow'; ms: number; after?: boolean }
  /** The connection ends without an answer. */
  | { kind: 'cut'; after?: boolean }
  /** There is no answer, ever. */
  | { kind: 'silent'; after?: boolean }
  /** The answer ends in the middle: the connection is cut. The effect was had. */
  | { kind: 'half-answer' }
  /** The answer is no JSON. The effect was had. */
  | { kind: 'malformed' }
  /** The answer is this value. The effect was had. */
  | { kind: 'answer'; value: unknown }
  /** Some receipts of a batch are not there: those of these ids, or the last one. */
  | { kind: 'missing-receipts'; ids?: readonly string[] }
  /** Some receipts of a batch have another hash: those of these ids, or the last one. */
  | { kind: 'wrong-hash'; ids?: readonly string[] }
  /** A bundle whose bytes are not those that were announced. */
  | { kind: 'wrong-bytes' };

export interface SigFaultOptions {
  /** Default `ingest`. */
  route?: SigRoute;
  /** How many requests it hits, default 1. */
  times?: number;
  /** How many requests it lets pass first, default 0. */
  skip?: number;
}

interface Armed {
  fault: SigFault;
  route: SigRoute;
  times: number;
  skip: number;
}

/** Faults that wait for their requests. */
export class Faults {
  readonly #armed: Armed[] = [];

  add(fault: SigFault, { route = 'ingest', times = 1, skip = 0 }: SigFaultOptions = {}): void {
    this.#armed.push({ fault, route, times, skip });
  }

  clear(): void {
    this.#armed.length = 0;
  }

  /** The fault for the next request of `route`: of those that wait for it, the one that was added first. */
  take(route: SigRoute): SigFault | undefined {
    for (const [index, armed] of this.#armed.entries()) {
      if (armed.route !== route) continue;
      if (armed.skip > 0) {
        armed.skip--;
        continue;
      }
      armed.times--;
      if (armed.times <= 0) this.#armed.splice(index, 1);
      return armed.fault;
    }
    return undefined;
  }
}
