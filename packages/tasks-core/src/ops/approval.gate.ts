import { createRunContext, type Decision, type DecisionRequest, defineTask, InvalidInputError, TaskError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { checkKnownFields } from '../input/known-fields.ts';

const Role = Type.String({ minLength: 1, maxLength: 100, description: 'Role that is asked, e.g. release-manager' });

const Input = Type.Object(
  {
    approvers: Type.Array(Role, { minItems: 1, maxItems: 100, description: 'Roles that are asked' }),
    quorum: Type.Optional(
      Type.Union([Type.Literal('all'), Type.Integer({ minimum: 1, maximum: 100 })], {
        default: 'all',
        description: 'all: one approval per role; a number: that many of the roles',
      }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 10_000, description: 'What is to be approved, and why; approvers read it' })),
    ticket: Type.Optional(Type.String({ maxLength: 1_000, description: 'Change or incident ticket; approvers read it' })),
    expiresIn: Type.Optional(
      Type.String({ pattern: '^0{0,8}[1-9][0-9]{0,8}(ms|s|m|h|d)$', description: 'How long the gate waits, e.g. 8h; absent: without end' }),
    ),
    approved: Type.Optional(
      Type.Boolean({ description: 'Passes without asking, only where the worker is configured for it (preApproval, for development)' }),
    ),
    approver: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Who is said to have approved, with approved: true' }),
    ),
  },
  { additionalProperties: false },
);

const Made = Type.Object({
  by: Type.String({ description: 'Who decided' }),
  role: Type.String({ description: 'The role they decided in' }),
  at: Type.String({ format: 'date-time', description: 'When' }),
  comment: Type.Optional(Type.String({ description: 'What they had to say' })),
});

const Output = Type.Object({
  approved: Type.Literal(true, { description: 'Always: a gate that is not passed is an error' }),
  decisions: Type.Array(Made, { description: 'The decisions that were taken' }),
});

/**
 * Waits until people in the roles asked have approved.
 *
 * Effect: none. Durable: the wait costs nothing while it lasts, and survives restarts of the worker; a decision is taken once, a replay
 * finds it again. The initiator's own decision does not count. Approve with `maestro approve <run> --role <role>`.
 *
 * Errors, all terminal: `APPROVAL_REJECTED` and `APPROVAL_EXPIRED` say who and when; `APPROVAL_REQUIRED` ("Approval required ...") where
 * nobody can be asked; `INVALID_INPUT`.
 */
export const approvalGate = defineTask({
  name: 'ops/approval.gate',
  version: '0.1.0',
  title: 'Approval gate',
  description: 'Waits for the decisions of people, and goes on only when they approve.',
  examples: [
    { title: 'A release manager', input: { approvers: ['release-manager'], reason: 'Promote 1.4.0 to production', expiresIn: '8h' } },
    { title: 'Two of three', input: { approvers: ['sre-oncall', 'data-lead', 'legal'], quorum: 2, ticket: 'CHG-1042' } },
  ],
  effect: 'none',
  durable: true,
  retry: { maxAttempts: 1 },
  input: Input,
  output: Output,
  validate({ payload }) {
    request(payload);
  },
  async execute(ctx, { payload }) {
    const asked = request(payload);
    const context = createRunContext(ctx);
    if (payload.approved === true && context.preApproval === true) {
      const at = new Date(context.now ? await context.now() : Date.now()).toISOString();
      const by = payload.approver ?? context.initiator.id;
      return { payload: { approved: true as const, decisions: [{ by, role: asked.approvers[0] ?? '', at, comment: 'pre-approved' }] } };
    }
    const decisions = await context.decision(asked);
    const refused = decisions.find((decision) => !decision.approved);
    if (refused) {
      const why = refused.comment === undefined ? '' : `: ${refused.comment}`;
      throw TaskError.terminal('APPROVAL_REJECTED', `rejected by ${refused.by} (${refused.role}) at ${refused.at}${why}`, {
        details: decisions,
      });
    }
    return { payload: { approved: true as const, decisions: decisions.map(made) } };
  },
});

export default approvalGate;

const UNITS: { [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What is asked; throws `INVALID_INPUT` where it could never be answered. */
function request(payload: Static<typeof Input>): DecisionRequest {
  const { approvers, quorum = 'all', reason, ticket, expiresIn, approved, approver } = payload ?? {};
  if (!Array.isArray(approvers) || approvers.length === 0 || approvers.some((role) => typeof role !== 'string' || role === '')) {
    throw new InvalidInputError('approvers must name at least one role');
  }
  checkKnownFields(payload, Input);
  for (const [name, text] of Object.entries({ reason, ticket, approver })) {
    if (text !== undefined && typeof text !== 'string') throw new InvalidInputError(`${name} must be a text`);
  }
  if (approver === '') throw new InvalidInputError('approver is empty: say who is said to have approved');
  if (approved !== undefined && typeof approved !== 'boolean') throw new InvalidInputError('approved must be true or false');
  const roles = new Set(approvers).size;
  if (quorum !== 'all' && !(Number.isInteger(quorum) && quorum >= 1 && quorum <= roles)) {
    throw new InvalidInputError(
      `quorum must be "all" or a number from 1 to ${roles}, the number of roles, found ${JSON.stringify(quorum)}`,
    );
  }
  const asked: DecisionRequest = { approvers, quorum };
  if (reason !== undefined) asked.reason = reason;
  if (ticket !== undefined) asked.ticket = ticket;
  if (expiresIn !== undefined) asked.expiresInMs = milliseconds(expiresIn);
  return asked;
}

function milliseconds(duration: unknown): number {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(String(duration)) ?? [];
  const ms = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0))
    throw new InvalidInputError(`expiresIn must be a duration above zero such as 30m, 8h or 7d, found ${JSON.stringify(duration)}`);
  return ms;
}

function made({ by, role, at, comment }: Decision): Static<typeof Made> {
  return comment === undefined ? { by, role, at } : { by, role, at, comment };
}
