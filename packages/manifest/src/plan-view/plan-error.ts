export type PlanErrorCode = 'PLAN_CYCLE' | 'PLAN_NEED_UNKNOWN' | 'PLAN_WORKFLOW_MISSING' | 'PLAN_RECURSIVE' | 'PLAN_TOO_LARGE';

/** A plan that `compile` did not make, or one too large to be shown: nothing sensible can be said of it. */
export class PlanError extends Error {
  override name = 'PlanError';
  readonly code: PlanErrorCode;

  constructor(code: PlanErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
