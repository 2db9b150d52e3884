import type { RunResult } from '../../run.ts';
import type { HttpAnswer, RequestOptions } from './http.ts';

/** A row of Restate's tables. */
export type Row = Record<string, string | undefined>;

/** What is asked of a Restate server about its runs. */
export interface RestateApi {
  /** A request to the admin API; rejects with `Unreachable` where it has no answer. */
  admin(method: string, path: string, options: RequestOptions): Promise<HttpAnswer>;
  /** What Restate's tables say. */
  query(query: string): Promise<Row[]>;
  /** Waits for a run to end. */
  attach(runId: string, signal?: AbortSignal): Promise<RunResult>;
}
