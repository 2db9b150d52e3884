import type { DecisionInput, PendingDecision } from '../run.ts';

/** Longest comment, in characters: it is kept in the run's journal. */
const MAX_COMMENT = 4_000;

/**
 * Which of the questions a run waits on `given` answers, or why it answers none of them; `unasked`: because there is none.
 * The one place that says whose decision counts, for every engine.
 */
export function chooseQuestion(
  pending: readonly PendingDecision[],
  given: DecisionInput,
): { question: PendingDecision } | { refused: string; unasked?: true } {
  if (pending.length === 0) return { refused: 'the run waits for no decision (it may have been decided already)', unasked: true };
  const matching = pending.filter(({ name, role }) => role === given.role && (given.name === undefined || name === given.name));
  const [question, another] = matching;
  if (question === undefined) {
    const waiting = pending.map(({ name, role }) => `${role} (${name})`).join(', ');
    return {
      refused: `the run waits for no decision by "${given.role}"${given.name ? ` about "${given.name}"` : ''}; it waits for: ${waiting}`,
    };
  }
  if (another !== undefined) {
    return { refused: `"${given.role}" is asked more than once; say which: ${matching.map(({ name }) => name).join(', ')}` };
  }
  if (typeof given.by !== 'string' || given.by.trim() === '') return { refused: 'a decision needs the name of who decides' };
  if (typeof given.approved !== 'boolean') return { refused: 'a decision says approved: true or false' };
  if (given.comment !== undefined && given.comment.length > MAX_COMMENT) {
    return {
      refused: `the comment has ${given.comment.length} characters, more than the ${MAX_COMMENT} that are kept; say it shorter, or where it stands`,
    };
  }
  if (given.by === question.initiator && !question.allowSelfApproval) {
    return {
      refused: `${given.by} started this run, and the initiator's own decision does not count; somebody else has to decide as "${given.role}"`,
    };
  }
  if (given.digest !== undefined && given.digest !== question.digest) {
    return {
      refused: `what was shown (${given.digest}) is not what is asked about (${question.digest ?? 'nothing'}); look at the run again`,
    };
  }
  return { question };
}
