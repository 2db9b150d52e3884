import { createRequire } from 'node:module';

/** The part of kafkajs's queue of requests that is corrected here. */
interface RequestQueue {
  /** When the broker that asked for a pause may be asked again, in milliseconds since 1970; -1: it did not. */
  throttledUntil: number;
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

const corrected = new WeakSet<object>();

/**
 * kafkajs looks at its queue again after every answer, with a timer of a negative time where nothing waits, of which Node warns on standard
 * error in the middle of whatever is printed there. Nothing is to be looked at then. Its class is one for the process; corrected once.
 */
export function correctRequestQueue(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue };
  if (corrected.has(prototype)) return;
  corrected.add(prototype);
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
