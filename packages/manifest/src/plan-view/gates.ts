import { parseDuration } from '../compile/durations.ts';
import type { PlanCall, Template } from '../plan.ts';
import { templateText } from './templates.ts';

/** A decision by people that a run waits for. */
export interface ApprovalView {
  /** The task that asks, as `parent/child`; absent: the run itself, before its first task. */
  task?: string;
  /** Roles; or the expression that gives them when the run is there. */
  approvers: string[] | string;
  quorum: 'all' | number | string;
  /** Milliseconds; `null`: the decision does not expire; text: the expression that gives it. */
  expiresIn: number | string | null;
  allowSelfApproval?: boolean;
  /** `sha256:<hex>` that a decision is bound to: plan and resolved inputs. Absent while an input is missing. */
  digest?: string;
}

/** The task whose execution is a decision. */
const GATE = 'ops/approval.gate';

/** What an approval gate asks for, as far as its input is literal; undefined for every other task. */
export function gateOf(call: PlanCall): Omit<ApprovalView, 'task'> | undefined {
  if (call.uses.name !== GATE) return undefined;
  const input = fields(call.with);
  const { approvers = [], quorum = 'all', expiresIn } = input;
  const literal = Array.isArray(approvers) && approvers.every((role) => typeof role === 'string');
  return {
    approvers: literal ? (approvers as string[]) : templateText(approvers),
    quorum: quorum === 'all' || typeof quorum === 'number' ? quorum : templateText(quorum),
    expiresIn:
      expiresIn === undefined ? null : ((typeof expiresIn === 'string' ? parseDuration(expiresIn) : undefined) ?? templateText(expiresIn)),
  };
}

/** How long a task waits by its literal input, in milliseconds: `tasks/wait.sleep` with `ms`. */
export function literalWait(call: PlanCall): number | undefined {
  const { ms } = call.uses.name === 'tasks/wait.sleep' ? fields(call.with) : {};
  return typeof ms === 'number' ? ms : undefined;
}

function fields(template: Template): { [name: string]: Template } {
  return typeof template === 'object' && template !== null && !Array.isArray(template) ? (template as { [name: string]: Template }) : {};
}
