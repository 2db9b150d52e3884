export {
  type Assignability,
  assignable,
  type Checker,
  type CheckResult,
  type CompiledExpression,
  compileExpression,
  createChecker,
  createEvaluator,
  DEFAULT_LIMITS,
  type EvaluationScope,
  type Evaluator,
  ExpressionError,
  type ExpressionErrorCode,
  type ExpressionLimits,
  type ExpressionProblem,
  type ExprType,
  evaluateTemplate,
  type KnownValue,
  parameterType,
  type Reference,
  type ReferenceKind,
  type ScopeTypes,
  SecretReference,
  schemaType,
  typeName,
} from '@summit/maestro-expressions';
export { compile } from './compile/compile.ts';
export { planDigest } from './compile/digest.ts';
export { parseDuration } from './compile/durations.ts';
export type { Change as ContractChange } from './contracts/change.ts';
export { type ComparedContract, type ContractComparison, compareContracts } from './contracts/compare.ts';
export type { Diagnostic, Fix, Position, Range, Severity } from './diagnostic.ts';
export {
  type Completion,
  catalogSchema,
  completionsAt,
  type Definition,
  definitionAt,
  type Hover,
  hoverAt,
  LiveCatalog,
  type Outline,
  outlineOf,
} from './editor/index.ts';
export { type EmbeddedExpression, type ParsedScalar, parseScalar, type ScalarError } from './expressions/scalar.ts';
export { applyFixes } from './format/apply-fixes.ts';
export { type FixedFiles, fixFiles } from './format/fix-files.ts';
export { type DiagnosticFormat, formatDiagnostics } from './format/format.ts';
export type { FormatOptions, Style } from './format/pretty.ts';
export { type GraphFormat, graph } from './graph/graph.ts';
export { type BindOptions, bindInputs, type InputProblem, type InputProblemCode } from './inputs/bind.ts';
export { bindParameters } from './inputs/parameters.ts';
export { codeTexts } from './lint/code.ts';
export type { Hooks, Rule, RuleContext, RuleExamples } from './lint/define.ts';
export { type LintOptions, lint } from './lint/lint.ts';
export { rules } from './lint/rules/index.ts';
export { compareLock, type Deviation } from './lock/compare.ts';
export { LOCK_FILE, type Lock, type LockedReference } from './lock/lock.ts';
export { lockOf } from './lock/lock-of.ts';
export { type OutdatedReference, outdated } from './lock/outdated.ts';
export { parseLock } from './lock/parse.ts';
export { lockText } from './lock/write.ts';
export type { Catalog, Manifest, ParameterView, Reference as ManifestReference, Runbook, TaskView, Workflow } from './model/manifest.ts';
export { CatalogError, type CatalogFile, loadCatalog, parseCatalog } from './parse/catalog.ts';
export { limits as catalogLimits } from './parse/limits.ts';
export { keySpanAt, type MapNode, type Node, nodeAt, type Path, type ScalarNode, type SeqNode } from './parse/node.ts';
export { parseRelated } from './parse/related.ts';
export { sourceOffsets } from './parse/scalar-map.ts';
export { parseValue } from './parse/value.ts';
export type {
  Parameter,
  ParameterType,
  Plan,
  PlanApprovals,
  PlanBody,
  PlanCall,
  PlanForEach,
  PlanPolicy,
  PlanTask,
  PlanUses,
  Template,
} from './plan.ts';
export type { Limits } from './plan-view/call.ts';
export { type ChainStep, type CriticalPath, criticalPath, type TimedTask } from './plan-view/critical-path.ts';
export type { Bound, EngineDefaults, Unbounded } from './plan-view/duration.ts';
export type { ForEachView } from './plan-view/for-each.ts';
export type { ApprovalView } from './plan-view/gates.ts';
export { PlanError, type PlanErrorCode } from './plan-view/plan-error.ts';
export type { BodyView, CallView, PlannedTask, PlanView } from './plan-view/shapes.ts';
export { stages } from './plan-view/stages.ts';
export { subWorkflow } from './plan-view/sub-workflow.ts';
export { secretsIn, templateText } from './plan-view/templates.ts';
export { type PlanViewOptions, planView } from './plan-view/view.ts';
export { type Resolved, type ResolvedTask, resolve } from './resolve/resolve.ts';
export { valueSchema } from './schema/parameter-schema.ts';
export { runbookSchema } from './schema/runbook-schema.ts';
export { sampleOf } from './schema/sample.ts';
export { workflowSchema } from './schema/workflow-schema.ts';
export type { SourceFile } from './text/source.ts';
