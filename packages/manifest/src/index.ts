export type { Diagnostic, Fix, Position, Range, Severity } from './diagnostic.ts';
export type { Parameter, ParameterType, Plan, PlanApprovals, PlanTask, Template } from './plan.ts';
