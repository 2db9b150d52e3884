/** Names of the attributes of spans and metrics, and of the metrics. */
export const attribute = {
  runId: 'maestro.run.id',
  runRef: 'maestro.run.ref',
  runStatus: 'maestro.run.status',
  runParent: 'maestro.run.parent',
  dryRun: 'maestro.run.dry_run',
  runbook: 'maestro.runbook.name',
  taskId: 'maestro.task.id',
  taskName: 'maestro.task.name',
  taskVersion: 'maestro.task.version',
  taskStatus: 'maestro.task.status',
  taskAttempts: 'maestro.task.attempts',
  taskPhase: 'maestro.task.phase',
  taskItems: 'maestro.task.items',
  item: 'maestro.task.item',
  attempt: 'maestro.task.attempt',
  compensation: 'maestro.task.compensation',
  step: 'maestro.step.name',
  role: 'maestro.decision.role',
  error: 'error.type',
} as const;

export const metric = {
  runStarted: 'maestro.run.started',
  runFinished: 'maestro.run.finished',
  runDuration: 'maestro.run.duration',
  taskFinished: 'maestro.task.finished',
  taskDuration: 'maestro.task.duration',
  attemptDuration: 'maestro.task.attempt.duration',
  retries: 'maestro.task.retries',
  waiting: 'maestro.decision.waiting',
  denials: 'maestro.policy.denials',
} as const;

/** Of task code: the part of `name@version` before the last `@`, and the one after it. */
export function taskCode(uses: string): { name: string; version: string } {
  const cut = uses.lastIndexOf('@');
  return cut < 0 ? { name: uses, version: '' } : { name: uses.slice(0, cut), version: uses.slice(cut + 1) };
}
