export {
  type ArtifactRef,
  type Artifacts,
  type ArtifactSource,
  artifactRefSchema,
  isArtifactRef,
} from './artifact.ts';
export type { Initiator, Logger, PolicyContext, RunContext, Signer } from './context.ts';
export type { JsonSchema, TaskContract } from './contract.ts';
export type { Decision, DecisionRequest } from './decision.ts';
export {
  InvalidInputError,
  isTaskError,
  PolicyDeniedError,
  TaskError,
  type TaskErrorOptions,
  TimeoutError,
  TransientError,
} from './errors.ts';
export type { Json, JsonObject } from './json.ts';
export {
  type DeclaredTask,
  defineTask,
  type Effect,
  type Resource,
  type RetryPolicy,
  type Task,
  type TaskDeclaration,
  type TaskExample,
  type TaskHandler,
  type TaskInput,
  type TaskResult,
} from './task.ts';
