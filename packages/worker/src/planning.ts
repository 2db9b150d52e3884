// What a plan has to know of how a run will be run.
export { DEFAULT_TIMEOUT_MS } from './execution/task-host.ts';
export { DEFAULT_RETRY } from './interpreter/backoff.ts';
export { DEFAULT_MAX_PARALLEL } from './interpreter/for-each.ts';
export { approvalDigest } from './interpreter/run-input.ts';
