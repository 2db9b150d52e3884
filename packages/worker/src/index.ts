export type { Deployments, WorkerDeployment } from './engine/restate/deployments.ts';
export { type SecretProvider, secretEnvironment, secretFiles } from './execution/secrets.ts';
export type {
  FailedAttempt,
  HeldRun,
  History,
  ItemDetail,
  ListOptions,
  PruneResult,
  RunDetail,
  RunFilter,
  RunState,
  RunSummary,
  StoredEvent,
  TaskCounts,
  TaskDetail,
} from './history/history.ts';
export { RUN_STATES } from './history/history.ts';
export { endLost, RUN_LOST } from './history/lost.ts';
export { type HistoryLocation, openHistory } from './history/open-history.ts';
export { type ClientOptions, openClient } from './open-client.ts';
export { openRunner } from './open-runner.ts';
export { openDeployments, openWorker, type Worker, type WorkerOptions } from './open-worker.ts';
export type { EngineOptions, Limits, RunnerOptions } from './options.ts';
export { peekActive } from './peek.ts';
export { type PastRun, retryRequest } from './retry/retry.ts';
export type {
  ActiveRun,
  CompensationRecord,
  DecisionInput,
  PendingDecision,
  Reuse,
  RunControl,
  RunError,
  RunEvent,
  RunEventType,
  RunHandle,
  RunProblem,
  RunRequest,
  RunResult,
  RunStatus,
  TaskPhase,
  TaskRecord,
  TaskStatus,
} from './run.ts';
export type { RunClient, Runner } from './runner.ts';
export type { WorkerVersion } from './worker-version.ts';
