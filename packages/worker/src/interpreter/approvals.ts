import type { Decision, DecisionRequest } from '@summit/maestro-sdk';
import type { PendingDecision } from '../run.ts';
import type { Durable } from './durable.ts';
import type { EventLog } from './events.ts';
import type { DurableLoop } from './loop.ts';

/** What came of asking people. */
export type Verdict =
  | { approved: true; decisions: Decision[] }
  | { approved: false; code: 'APPROVAL_REJECTED' | 'APPROVAL_EXPIRED'; message: string; decisions: Decision[] };

/** Name of the engine's question to `role` within the request `name`. */
export function questionName(name: string, role: string): string {
  return `${name}:${role}`;
}

/**
 * Asks people on behalf of a run: one question per role, until the quorum is met, somebody rejects or time is up.
 * What is being asked is kept under the run's `pending` key, where approvers find it.
 */
export class Approvals {
  readonly #durable: Durable;
  readonly #loop: DurableLoop;
  readonly #events: EventLog;
  readonly #initiator: string;
  #pending: PendingDecision[] = [];

  constructor(durable: Durable, loop: DurableLoop, events: EventLog, initiator: string) {
    this.#durable = durable;
    this.#loop = loop;
    this.#events = events;
    this.#initiator = initiator;
  }

  /**
   * Starts asking; `settle` is called once, later. `name` is unique in the run.
   * Returns false, and asks nobody, when the request needs no decision at all.
   */
  ask(name: string, request: DecisionRequest, settle: (verdict: Verdict) => void | Promise<void>): boolean {
    const roles = [...new Set(request.approvers)];
    const needed = request.quorum === undefined || request.quorum === 'all' ? roles.length : Math.min(request.quorum, roles.length);
    if (needed <= 0) return false;

    const decisions: Decision[] = [];
    const expiry = `${name}/expiry`;
    const end = (verdict: Verdict) => {
      this.#loop.forget(expiry);
      for (const role of roles) this.#loop.forget(questionName(name, role));
      this.#publish(this.#pending.filter((pending) => pending.name !== name));
      return settle(verdict);
    };

    for (const role of roles) {
      const question = questionName(name, role);
      this.#loop.on(question, this.#durable.decision(question), (decision) => {
        decisions.push(decision);
        this.#events.emit('decision.made', { name, ...decision });
        if (!decision.approved) {
          const why = decision.comment ? `: ${decision.comment}` : '';
          const message = `rejected by ${decision.by} (${role}) at ${decision.at}${why}`;
          return end({ approved: false, code: 'APPROVAL_REJECTED', message, decisions });
        }
        if (decisions.length >= needed) return end({ approved: true, decisions });
        return this.#publish(this.#pending.filter((pending) => pending.name !== name || pending.role !== role));
      });
    }
    if (request.expiresInMs !== undefined) {
      const waited = request.expiresInMs;
      this.#loop.on(expiry, this.#durable.sleep(expiry, waited), () => {
        const missing = roles.filter((role) => !decisions.some((decision) => decision.role === role));
        const message = `no decision by ${missing.join(', ')} within ${waited} ms`;
        return end({ approved: false, code: 'APPROVAL_EXPIRED', message, decisions });
      });
    }
    const asked = roles.map((role) => pendingDecision(name, role, this.#initiator, request));
    this.#publish([...this.#pending, ...asked]);
    this.#events.emit('run.awaiting-approval', { name, pending: asked.map((pending) => ({ ...pending })), needed });
    return true;
  }

  #publish(pending: PendingDecision[]): void {
    this.#pending = pending;
    this.#durable.set(
      'pending',
      pending.map((entry) => ({ ...entry })),
    );
  }
}

function pendingDecision(name: string, role: string, initiator: string, request: DecisionRequest): PendingDecision {
  const pending: PendingDecision = { name, role, initiator, allowSelfApproval: request.allowSelfApproval ?? false };
  if (request.reason !== undefined) pending.reason = request.reason;
  if (request.ticket !== undefined) pending.ticket = request.ticket;
  if (request.digest !== undefined) pending.digest = request.digest;
  return pending;
}
