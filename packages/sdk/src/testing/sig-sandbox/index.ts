export type { ExportScript, SigExport, SigExportStatus } from './exports.ts';
export type { SigFault, SigFaultOptions, SigRoute } from './faults.ts';
export type { SigBatch, SigCounts, SigReceipt, SigRequest } from './records.ts';
export { type SigSandbox, type SigSandboxOptions, startSigSandbox } from './sandbox.ts';
