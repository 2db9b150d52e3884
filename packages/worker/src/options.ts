import type { Artifacts, Logger, RunContext } from '@summit/maestro-sdk';
import type { FolderArtifacts } from '@summit/maestro-sdk/artifacts';
import type { SecretProvider } from './execution/secrets.ts';
import type { HistoryLocation } from './history/open-history.ts';
import type { DecisionInput, PendingDecision, RunEvent } from './run.ts';

/**
 * Where runs are kept while they are on. `restAfterMs` (default 250): after how long, and a millisecond for each of its steps, a run in which nothing is done here, because it waits
 * for a decision or the clock, gives back its memory; it is read again when there is news. `inactivityMs` (default one hour): after how long
 * without news Restate does the same to a run with running attempts, which then hears of nothing, cancellation included, until they end.
 */
export type EngineOptions =
  /** A Restate server of our own with its data in `<dir>/restate`, started when it is needed; `settings` are Restate's, by environment name. */
  | { kind: 'embedded'; dir: string; settings?: Readonly<Record<string, string>>; inactivityMs?: number; restAfterMs?: number }
  /**
   * A Restate server or cluster that is there already; of several addresses one that answers is used. The rest is for workers:
   * `identityKeys`, public keys of the requests they execute; `allowUnsigned`, they execute every request; `host` and `port`, where they
   * listen; `advertisedUrl`, how Restate reaches them.
   */
  | {
      kind: 'remote';
      ingressUrl: string | readonly string[];
      adminUrl: string | readonly string[];
      identityKeys?: string[];
      allowUnsigned?: boolean;
      advertisedUrl?: string;
      port?: number;
      host?: string;
      inactivityMs?: number;
      restAfterMs?: number;
    }
  /** Nothing survives this process. */
  | { kind: 'in-process' };

/** What a worker takes on. */
export interface Limits {
  /** Attempts of tasks at the same time in this process; the others wait for their turn. Default 1,000. */
  tasksAtOnce?: number;
  /** Runs that have not ended, waiting ones included, after which no more are accepted. Default 50,000; in this process only, 10,000. */
  queuedRuns?: number;
}

/** Everything a runner needs, resolved; it reads no environment of its own. */
export interface RunnerOptions {
  engine: EngineOptions;
  /** Task packages, by npm name. */
  packages: readonly string[];
  /** Folder they are looked up from. */
  from: string;
  /** The only file root for tasks. */
  workspace: string;
  /** Folder of the artifact store. */
  artifactsDir: string;
  /** Another store than that folder, which then holds copies: workers on several machines need one that they share. */
  artifacts?: (worker: { copies: FolderArtifacts; pool: RunContext['pool']; secret(name: string): Promise<string> }) => Artifacts;
  /** Largest output carried inline, in bytes of JSON; default 256 KiB. */
  inlineLimit?: number;
  /** Asked in order; default none. */
  secrets?: readonly SecretProvider[];
  /** Development only: a gate that is given `approved: true` passes without asking. */
  preApproval?: boolean;
  /** Whether code that a task is given may be executed; default: none may. */
  trusts?: (code: string) => Promise<boolean>;
  /** Hosts, addresses and ranges that tasks may connect to although they are not public; default none. */
  egressAllow?: readonly string[];
  /** Ed25519 private key, PEM. */
  signingKeyFile?: string;
  logger?: Logger;
  /** Where what happens in runs is kept; default nowhere. */
  history?: HistoryLocation;
  /** In-process runs have no other terminal to be approved from: asked for every decision; undefined refuses. */
  decide?: (pending: PendingDecision & { runId: string }) => Promise<DecisionInput | undefined>;
  /** Hears every event from the first on; a listener added to the runner later misses what unfinished runs do while it opens. */
  onEvent?: (event: RunEvent) => void;
  /** Whether runs are traced and measured through the OpenTelemetry API; default: where a provider is registered. */
  telemetry?: boolean;
  /**
   * The pools of workers. `serves`: on a Restate that somebody else runs, those that a worker serves, `default` being the one that
   * walks runs (default: that one); elsewhere, those that runs may ask for, which this process executes itself (default: any).
   */
  pools?: { serves?: readonly string[] };
  limits?: Limits;
  /** How long running attempts may take to finish when the runner closes, in milliseconds; default 10 s. */
  drainMs?: number;
}
