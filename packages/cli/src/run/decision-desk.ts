import type { DecisionInput, PendingDecision } from '@summit/maestro-worker';
import { CliError } from '../errors.ts';
import type { Prompt } from '../terminal/prompt.ts';
import type { Channel } from '../terminal/terminal.ts';
import { printable } from '../text.ts';
import type { RunView } from './view.ts';

/** Why a question was taken back. */
class Interrupted extends Error {
  override name = 'Interrupted';
}
class DecidedElsewhere extends Error {
  override name = 'DecidedElsewhere';
}

/** What the desk needs to know about the run. */
export interface DeskOptions {
  prompt: Prompt;
  out: Channel;
  view: Pick<RunView, 'hold'>;
  /** Lines that show what is to be decided; printed once per request. */
  subject: string[];
  /** Whether a question may be left to somebody at another terminal. */
  canWait: boolean;
}

/** What came of a question: an answer, `later` (left to somebody at another terminal), or `gone` (nobody has to answer it any more). */
export type DeskAnswer = DecisionInput | 'later' | 'gone';

/** Asks the person at the terminal for the decisions a run waits for, one question after the other. */
export class DecisionDesk {
  readonly #options: DeskOptions;
  readonly #shown = new Set<string>();
  #queue: Promise<unknown> = Promise.resolve();
  #open: { key: string; controller: AbortController } | undefined;
  #interruption: Promise<unknown> = Promise.resolve();
  readonly #withdrawn = new Set<string>();
  #closed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Asks one question, after those asked before it. `refused`: why an earlier answer did not count. */
  answer(question: PendingDecision, refused?: string): Promise<DeskAnswer> {
    const answer = this.#queue.then(() => this.#answer(question, refused));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  /** Takes a question back that has been decided elsewhere. */
  withdraw(question: Pick<PendingDecision, 'name' | 'role'>): void {
    const key = keyOf(question);
    this.#withdrawn.add(key);
    if (this.#open?.key === key) this.#open.controller.abort(new DecidedElsewhere());
  }

  /** Takes all questions back, and asks no more. */
  close(): void {
    this.#closed = true;
    this.#open?.controller.abort(new DecidedElsewhere());
  }

  /** Puts the open question aside while `talk` asks something more urgent; it is asked again afterwards. */
  interrupt<T>(talk: () => Promise<T>): Promise<T> {
    this.#open?.controller.abort(new Interrupted());
    const talking = this.#options.view.hold(talk);
    this.#interruption = talking.catch(() => {});
    return talking;
  }

  async #answer(question: PendingDecision, refused: string | undefined): Promise<DeskAnswer> {
    const key = keyOf(question);
    for (;;) {
      await this.#interruption;
      if (this.#closed || this.#withdrawn.has(key)) return 'gone';
      const controller = new AbortController();
      this.#open = { key, controller };
      try {
        return await this.#options.view.hold(() => this.#interview(question, refused, controller.signal));
      } catch (error) {
        if (error instanceof DecidedElsewhere) return 'gone';
        if (error instanceof CliError && error.code === 'INPUT_ENDED') return 'later';
        if (!(error instanceof Interrupted)) throw error;
      } finally {
        this.#open = undefined;
      }
    }
  }

  async #interview(question: PendingDecision, refused: string | undefined, signal: AbortSignal): Promise<DecisionInput | 'later'> {
    const { prompt, out, subject, canWait } = this.#options;
    const { bold, yellow } = out.colors;
    const role = printable(question.role);
    if (!this.#shown.has(question.name)) {
      this.#shown.add(question.name);
      out.line(yellow(bold('A decision is needed')) + (question.reason ? `: ${printable(question.reason)}` : ''));
      if (question.ticket) out.line(`  ticket   ${printable(question.ticket)}`);
      for (const line of subject) out.line(`  ${line}`);
      if (question.digest) out.line(`  digest   ${question.digest} (what is approved is exactly this)`);
    }
    if (refused !== undefined) out.line(yellow(`  not accepted: ${printable(refused)}`));
    const verdict = await prompt.choose(`As ${bold(role)}:`, canWait ? ['approve', 'reject', 'later'] : ['approve', 'reject'], { signal });
    if (verdict === 'later') return 'later';
    const by = await this.#name(question, signal);
    const comment = await prompt.ask('  comment (may be empty):', signal);
    const decision: DecisionInput = { name: question.name, role: question.role, by, approved: verdict === 'approve' };
    if (comment !== '') decision.comment = comment;
    if (question.digest !== undefined) decision.digest = question.digest;
    return decision;
  }

  async #name(question: PendingDecision, signal: AbortSignal): Promise<string> {
    const { prompt, out } = this.#options;
    for (;;) {
      const by = await prompt.ask('  name of the approver:', signal);
      if (by === '') out.line('  a decision needs a name');
      else if (by === question.initiator && !question.allowSelfApproval) {
        out.line(`  ${printable(by)} started this run and cannot approve it; somebody else has to decide as ${printable(question.role)}`);
      } else return by;
    }
  }
}

/** What tells the questions of one run apart. */
export function keyOf({ name, role }: Pick<PendingDecision, 'name' | 'role'>): string {
  return `${name}\n${role}`;
}
