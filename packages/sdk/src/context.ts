import type { Artifacts } from './artifact.ts';
import type { Decision, DecisionRequest } from './decision.ts';

/** Structured log lines; `fields` must be JSON and never holds a secret. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** The policy context a run acts under. */
export interface PolicyContext {
  purpose: string;
  authority: string;
  license: string;
}

/** Who started the run. */
export interface Initiator {
  id: string;
  roles: string[];
}

/** Signs bytes with the worker's key, without showing the key. */
export interface Signer {
  /** sha256 of the public key's SPKI (DER), lower-case hex. */
  keyId: string;
  /** Ed25519 signature over `data`. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** Everything a task may know of, and ask of, the run it is part of. */
export interface RunContext {
  runId: string;
  /** `name@version` of the workflow. */
  workflowRef: string;
  namespace: string;
  /** Identifiers to hand on to other systems, e.g. as headers. */
  correlation: Record<string, string>;
  logger: Logger;
  /** Resolves a secret the task has declared; rejects with `SECRET_UNDECLARED` or `SECRET_MISSING`. */
  secrets(key: string): Promise<string>;
  /** Publishes an event into the run's history. */
  emit(event: string, payload: unknown): Promise<void>;
  policy?: PolicyContext;

  /** Id of the task in its workflow. */
  taskId: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** The same for every attempt of the same step of the same run; different for everything else. */
  idempotencyKey: string;
  /** Aborted on timeout, cancel and shutdown; every client call takes it. */
  signal: AbortSignal;
  /** True while a run is only previewed. */
  dryRun: boolean;
  /** Present and true where the worker lets gates pass that say themselves that they are approved; for development only. */
  preApproval?: boolean;
  /**
   * Whether code may be executed that the payload brings along: true where the operator trusts a catalog in which this very text stands.
   * Absent where nothing is trusted. A task that executes code (input declared with `contentMediaType: text/javascript`) asks here, and goes by nothing else.
   */
  trusts?(code: string): Promise<boolean>;
  /**
   * Which of the addresses that are not public tasks may connect to: hosts, addresses and ranges, as `parseEgressEntry` of
   * `@summit/maestro-sdk/egress` reads them. A worker always says so, with an empty list where nothing is allowed. A task that connects to where its payload
   * says holds to it; to what a secret says it connects as it is, because secrets are the operator's own word.
   */
  egress?: { allow: readonly string[] };
  initiator: Initiator;
  artifacts: Artifacts;
  /** Absolute path of the only folder whose files a task may touch. */
  workspace: string;
  /** Present when the worker has a signing key. */
  signer?: Signer;
  /** A long-lived client shared by all executions with the same `key`; `close` runs when the worker stops. */
  pool<T>(key: string, open: () => Promise<T>, close: (client: T) => Promise<void> | void): Promise<T>;
  /** Waits on the engine's clock. Only for tasks that declare `durable: true`. */
  sleep(ms: number): Promise<void>;
  /**
   * Milliseconds since the epoch on the engine's clock, remembered: the same when a durable task is replayed.
   * A durable task reads the time here and nowhere else. Absent where nothing is replayed; `Date.now()` is right there.
   */
  now?(): Promise<number>;
  /**
   * Does `run`, which may talk to anything, and remembers what it resolves to or rejects with: a replay gets that and does not do it again. Only what was in
   * the middle when its worker died is done again, so it must be safe to repeat. The result is plain JSON within the inline limit; the signal
   * is aborted with the attempt. Only for tasks that declare `durable: true`, which do nothing but wait outside of it.
   */
  step?<T>(name: string, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Waits for people, one decision per role asked until the quorum is met. Only for tasks that declare `durable: true`. */
  decision(request: DecisionRequest): Promise<Decision[]>;
}
