export {
  type ConformanceCase,
  ConformanceError,
  type ConformanceOptions,
  type ConformanceRule,
  type StuckRun,
  type TaskFixture,
} from './conformance/model.ts';
export { conformanceSuite, describeConformance, type TestFramework } from './conformance/suite.ts';
export { createTestContext, type TestContext, type TestContextOptions } from './context.ts';
export type { ScriptedDecision } from './decisions.ts';
export type { EmittedEvent, LogLine, PooledClient } from './records.ts';
export {
  type ExportScript,
  type SigBatch,
  type SigCounts,
  type SigExport,
  type SigExportStatus,
  type SigFault,
  type SigFaultOptions,
  type SigReceipt,
  type SigRequest,
  type SigRoute,
  type SigSandbox,
  type SigSandboxOptions,
  startSigSandbox,
} from './sig-sandbox/index.ts';
