export { type SecretProvider, secretEnvironment, secretFiles } from './execution/secrets.ts';
export { openRunner } from './open-runner.ts';
export type { EngineOptions, RunnerOptions } from './options.ts';
export type {
  ActiveRun,
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
  TaskRecord,
  TaskStatus,
} from './run.ts';
