export {
  type ArtifactRef,
  type ArtifactSource,
  type Artifacts,
  artifactRefSchema,
  isArtifactRef,
} from './artifact.ts';
export { canonicalJson, sha256Hex } from './canonical.ts';
export { type Connector, type ConnectorDeclaration, connectorTask, defineConnector } from './connector.ts';
export type { Initiator, Logger, PolicyContext, RunContext, Signer } from './context.ts';
export type { JsonSchema, TaskContract } from './contract.ts';
export { contractOf } from './contract-of.ts';
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
export type { PolicyDecision, PolicyEntity, PolicyRequest } from './policy.ts';
export { PolicyClient, type PolicyClientOptions } from './policy-client.ts';
export { type GivenField, outputOfCall, outputOfInput, PRESENT_WHEN } from './present-when.ts';
export { pureContext } from './pure-context.ts';
export type { ProvenanceReceipt } from './receipt.ts';
export { parseRetryAfter } from './retry-after.ts';
export { type CompleteRunContext, createRunContext, hasLocalPool } from './run-context.ts';
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
