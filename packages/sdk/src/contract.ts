import type { Effect, RetryPolicy, TaskExample } from './task.ts';

/** A JSON Schema, as data. */
export type JsonSchema = { [keyword: string]: unknown };

/**
 * A task as the checker, the console and the docs see it: its declaration as plain JSON, without its code.
 * Written to `contracts.json` when a task package is built, so that checking a runbook runs no task code.
 */
export interface TaskContract {
  name: string;
  version: string;
  title: string;
  description: string;
  effect: Effect;
  durable: boolean;
  input: JsonSchema;
  output: JsonSchema;
  examples: TaskExample<unknown, unknown>[];
  secrets: string[];
  retry?: RetryPolicy;
  timeout?: number;
  deprecated?: string;
  /** `sha256:<hex>` over the canonical JSON (RFC 8785) of input and output schema, effect and durable. */
  digest: string;
}
