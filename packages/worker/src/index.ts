export { type SecretProvider, secretEnvironment, secretFiles } from './execution/secrets.ts';
export { openRunner } from './open-runner.ts';
export type { EngineOptions, RunnerOptions } from './options.ts';
export type {
  ActiveRun,
  CompensationRecord,
  DecisionInput,
  PendingDecision,
  RunError,
  RunEvent,
  RunEventType,
  RunHandle,
  Runner,
  RunRequest,
  RunResult,
  RunStatus,
  TaskPhase,
  TaskRecord,
  TaskStatus,
} from './run.ts';
