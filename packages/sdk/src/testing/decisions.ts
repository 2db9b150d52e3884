import { orAbort } from '../abort.ts';
import type { Decision, DecisionRequest } from '../decision.ts';
import { TaskError } from '../errors.ts';

/**
 * What people will answer to one request: their decisions (what is left out is filled in: approved, by `tester`, in the
 * first role asked, now), or an error as the engine would throw for a rejection or when nobody answered in time.
 */
export type ScriptedDecision = readonly Partial<Decision>[] | Error;

/** People who answer as written. When the script is over nobody answers: `APPROVAL_REQUIRED`, or a wait until `signal` aborts. */
export class DecisionScript {
  readonly asked: DecisionRequest[] = [];
  readonly #script: ScriptedDecision[];
  readonly #now: () => number;
  readonly #hang: boolean;

  constructor(script: readonly ScriptedDecision[], now: () => number, hang: boolean) {
    this.#script = [...script];
    this.#now = now;
    this.#hang = hang;
  }

  async ask(request: DecisionRequest, signal: AbortSignal): Promise<Decision[]> {
    signal.throwIfAborted();
    this.asked.push(request);
    const answer = this.#script.shift();
    if (answer instanceof Error) throw answer;
    if (answer !== undefined) return answer.map((decision) => this.#complete(decision, request));
    if (this.#hang) return orAbort(new Promise<never>(() => {}), signal);
    throw TaskError.terminal(
      'APPROVAL_REQUIRED',
      `Approval required by ${request.approvers.join(', ')}: the test has scripted no decision for request ${this.asked.length}; pass decisions to createTestContext`,
    );
  }

  #complete(decision: Partial<Decision>, request: DecisionRequest): Decision {
    return { approved: true, by: 'tester', role: request.approvers[0] ?? 'tester', at: new Date(this.#now()).toISOString(), ...decision };
  }
}
