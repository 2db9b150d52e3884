import { type RunContext, TaskError } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { describe, expect, it } from 'vitest';
import { approvalGate } from './approval.gate.ts';

const bare = {} as RunContext;
type Payload = Parameters<typeof approvalGate.execute>[1]['payload'];

describe('ops/approval.gate', () => {
  it('passes with the decisions that were taken', async () => {
    const decisions = [
      { by: 'olive', role: 'ombuds', at: '2026-01-01T00:00:00.000Z', comment: 'fine' },
      { by: 'leo', role: 'legal', at: '2026-01-01T00:01:00.000Z' },
    ];
    await using ctx = createTestContext({ task: approvalGate, decisions: [decisions] });
    const payload: Payload = { approvers: ['ombuds', 'legal'], reason: 'why', ticket: 'CHG-1', expiresIn: '2h' };
    await expect(approvalGate.execute(ctx, { payload })).resolves.toEqual({ payload: { approved: true, decisions } });
    expect(ctx.decisionsAsked).toEqual([
      { approvers: ['ombuds', 'legal'], quorum: 'all', reason: 'why', ticket: 'CHG-1', expiresInMs: 7_200_000 },
    ]);
  });

  it.each([{ approvers: ['sre'] }, { approvers: ['sre'], approved: true }, { approvers: ['sre'], approved: false }])(
    'requires an approval where nobody can be asked: %j',
    async (payload) => {
      await expect(approvalGate.execute(bare, { payload })).rejects.toMatchObject({
        code: 'APPROVAL_REQUIRED',
        message: expect.stringMatching(/^Approval required by sre/),
        retryable: false,
      });
    },
  );

  it('asks people all the same where it is told that it is approved', async () => {
    await using ctx = createTestContext({ task: approvalGate, decisions: [[{ by: 'olive' }]] });
    const { payload } = await approvalGate.execute(ctx, { payload: { approvers: ['sre'], approved: true, approver: 'myself' } });
    expect(payload.decisions.map(({ by }) => by)).toEqual(['olive']);
  });

  it('passes without asking where the worker allows pre-approval', async () => {
    await using ctx = createTestContext({ task: approvalGate, now: '2026-01-01T00:00:00Z' });
    const context = Object.assign(Object.create(ctx) as RunContext, { preApproval: true });
    const given: Payload = { approvers: ['sre'], approved: true, approver: 'dev' };
    const { payload } = await approvalGate.execute(context, { payload: given });
    expect(payload).toEqual({
      approved: true,
      decisions: [{ by: 'dev', role: 'sre', at: '2026-01-01T00:00:00.000Z', comment: 'pre-approved' }],
    });
    expect(ctx.decisionsAsked).toEqual([]);
  });

  it('is an error when somebody says no, or nobody says anything in time', async () => {
    const expired = TaskError.terminal('APPROVAL_EXPIRED', 'no decision by sre within 1000 ms');
    const no = { approved: false, by: 'leo', role: 'legal', at: '2026-01-01T00:00:00.000Z', comment: 'not today' };
    await using ctx = createTestContext({ task: approvalGate, decisions: [[no], expired] });
    await expect(approvalGate.execute(ctx, { payload: { approvers: ['legal'] } })).rejects.toMatchObject({
      code: 'APPROVAL_REJECTED',
      message: 'rejected by leo (legal) at 2026-01-01T00:00:00.000Z: not today',
    });
    await expect(approvalGate.execute(ctx, { payload: { approvers: ['sre'], expiresIn: '1s' } })).rejects.toBe(expired);
  });

  it.each([
    [{}, 'approvers must name at least one role'],
    [{ approvers: [] }, 'approvers must name at least one role'],
    [{ approvers: 'sre' }, 'approvers must name at least one role'],
    [{ approvers: ['a', 'a'], quorum: 2 }, 'quorum must be "all" or a number from 1 to 1, the number of roles, found 2'],
    [{ approvers: ['a'], quorum: 0 }, 'quorum must be "all" or a number from 1 to 1'],
    [{ approvers: ['a'], expiresIn: 'soon' }, 'expiresIn must be a duration above zero such as 30m, 8h or 7d, found "soon"'],
    [{ approvers: ['a'], expiresIn: '0s' }, 'expiresIn must be a duration above zero'],
    [undefined, 'approvers must name at least one role'],
  ])('refuses %j', async (wrong, message) => {
    const payload = wrong as unknown as Payload;
    await expect(approvalGate.execute(bare, { payload })).rejects.toThrow(message);
    expect(() => approvalGate.validate?.({ payload })).toThrow(message);
  });
});
