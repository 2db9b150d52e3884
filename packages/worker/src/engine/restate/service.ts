import {
  type Context,
  type HooksProvider,
  TerminalError,
  type WorkflowContext,
  type WorkflowSharedContext,
  workflow,
} from '@restatedev/restate-sdk';
import type { Decision } from '@summit/maestro-sdk';
import { questionName } from '../../interpreter/approvals.ts';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import { interpret } from '../../interpreter/interpreter.ts';
import type { RunInput } from '../../interpreter/run-input.ts';
import type { DecisionInput, PendingDecision, RunResult } from '../../run.ts';
import { chooseQuestion } from '../decide.ts';
import type { Attempts } from './attempt.ts';
import { type PendingOutcomes, RestateDurable } from './durable.ts';
import type { LocalResults } from './local-results.ts';
import { SERVICE, TOO_EARLY } from './service-name.ts';

/** Longer than any task may take: below it Restate would abort a running attempt and start it again. */
export const ABORT_TIMEOUT_MS = 30 * 24 * 60 * 60_000;
/**
 * How long Restate waits for news of a run before it puts the run to rest, which it does although attempts are on: the run is then no longer
 * told of cancellation, timers or finished siblings until they have ended. Hence far above what attempts take; a run that only waits
 * comes to rest by itself, much sooner.
 */
const INACTIVITY_MS = 60 * 60_000;
/** How long a finished run can be attached to. */
const RETENTION_MS = 7 * 24 * 60 * 60_000;

/**
 * When the engine tries again to go on with a run that its worker did not answer for, or whose code failed: after five seconds at most,
 * for more than an hour. Then it pauses the run, and says why; a worker that starts has it try again.
 */
const RETRY = { initialInterval: 50, exponentiationFactor: 2, maxInterval: 5_000, maxAttempts: 1_000, onMaxAttempts: 'pause' } as const;

/** Restate's code for code that takes other steps than those recorded. */
export const JOURNAL_MISMATCH = 570;

/** Tells `listen` of every invocation whose recorded steps are not those of this code. */
function codeChanges(listen: (invocation: string) => void): HooksProvider {
  return ({ request }) => ({
    interceptor: {
      async handler(next) {
        try {
          await next();
        } catch (error) {
          if ((error as { code?: unknown }).code === JOURNAL_MISMATCH) listen(request.id);
          throw error;
        }
      },
    },
  });
}

/** How a worker serves runs. */
export interface ServiceOptions {
  /** The connections of the executions that are on. */
  attempts?: Attempts;
  /** See `EngineOptions`. */
  inactivityMs?: number;
  restAfterMs?: number;
  /** Told of runs that end here. */
  results?: LocalResults;
  /** Other processes execute what asks for a pool. */
  pools?: boolean;
  /** Throws where an attempt is none of this worker's. */
  check?: (context: Context) => void;
  /** Told of invocations that this code cannot go on with, because other code began them. */
  onCodeChanged?: (invocation: string) => void;
  /** Told of every outcome that the engine has yet to take. */
  pending?: PendingOutcomes;
  metadata?: Record<string, string>;
}

/** How Restate treats code that executes attempts. */
export function attemptOptions({ inactivityMs = INACTIVITY_MS, onCodeChanged }: ServiceOptions) {
  return {
    inactivityTimeout: inactivityMs,
    abortTimeout: ABORT_TIMEOUT_MS,
    journalRetention: 0,
    retryPolicy: RETRY,
    // Code that takes other steps than those recorded would fail again and again. Not every server heeds it, see `codeChanges`.
    onJournalMismatchErrors: 'pause' as const,
    ...(onCodeChanged ? { hooks: [codeChanges(onCodeChanged)] } : {}),
  };
}

/** The workflow that every run is an instance of. */
export function runService(host: TaskHost, sink: EventSink, options: ServiceOptions = {}) {
  const { attempts, restAfterMs, results, pools, check, pending, metadata } = options;
  return workflow({
    name: SERVICE,
    handlers: {
      run: async (context: WorkflowContext, input: RunInput): Promise<RunResult> => {
        if (typeof input?.runId !== 'string' || input.runId !== context.key)
          throw new TerminalError('a run is started through the Maestro worker API');
        check?.(context);
        const attempt = attempts?.of(context.request().attemptHeaders);
        const durable = new RestateDurable(context, { attempt, restAfterMs, pools, pending });
        try {
          const result = await interpret(input, durable, host, sink);
          // A run that the engine calls ended is never replayed: what it published has to be safe by then.
          await sink.flush?.();
          // When the engine has taken it, or is gone: who is told of the end finds it ended.
          attempt?.onClose(() => results?.ended(result));
          return result;
        } finally {
          durable.end();
        }
      },
      decide,
    },
    options: { ...attemptOptions(options), workflowRetention: RETENTION_MS },
    ...(metadata === undefined ? {} : { metadata }),
  });
}

/**
 * The same workflow in a process that takes decisions and executes nothing: a run that the engine has it go on with is kept
 * waiting until that process ends, and then goes on with a worker.
 */
export function deskService() {
  return workflow({
    name: SERVICE,
    handlers: { run: (_: WorkflowContext, _input: RunInput) => new Promise<RunResult>(() => {}), decide },
    options: { ...attemptOptions({}), workflowRetention: RETENTION_MS },
  });
}

async function decide(context: WorkflowSharedContext, given: DecisionInput): Promise<{ recorded: true }> {
  const pending = (await context.get<PendingDecision[]>('pending')) ?? [];
  const at = new Date(await context.date.now()).toISOString();
  const chosen = chooseQuestion(pending, given);
  if ('refused' in chosen) throw new TerminalError(chosen.refused, { errorCode: chosen.unasked ? TOO_EARLY : 409 });
  const decision: Decision = { approved: given.approved, by: given.by, role: given.role, at };
  if (given.comment !== undefined) decision.comment = given.comment;
  await context.promise<Decision>(questionName(chosen.question.name, given.role)).resolve(decision);
  return { recorded: true };
}
