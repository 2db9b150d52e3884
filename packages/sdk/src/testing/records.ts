/** A line a task has logged. */
export interface LogLine {
  level: 'info' | 'error';
  message: string;
  fields?: Record<string, unknown>;
}

/** An event a task has emitted. */
export interface EmittedEvent {
  event: string;
  payload: unknown;
}

/** A client a task has asked the pool for. */
export interface PooledClient {
  key: string;
  /** How often the key was asked for. */
  uses: number;
  /** How often the client was opened; again only after a failure. */
  opened: number;
  closed: boolean;
}
