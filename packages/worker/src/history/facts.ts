import type { RunEvent } from '../run.ts';
import { RUN_LOST } from './lost.ts';

/**
 * What events tell of their run's row. Each field is told by one event only, and the first value stays (of ends, the first that was told
 * and not concluded): that makes the row the same in whatever order events arrive, and however often.
 */
export interface RunFacts {
  runId: string;
  source: string;
  /** The earliest time told, in milliseconds. */
  firstAt: number;
  queuedAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  initiator: string | null;
  parent: string | null;
  planDigest: string | null;
  dryRun: 0 | 1 | null;
  outcome: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  errorTask: string | null;
  /** `TaskCounts` as JSON. */
  counts: string | null;
  /** `RunProcess` as JSON: the process that the run lives in. */
  process: string | null;
}

/** Longest error message in a run's row, in characters; the event has all of it. */
const LONGEST_MESSAGE = 2_000;

export function noFacts({ subject, source, time }: RunEvent): RunFacts {
  return {
    runId: subject,
    source,
    firstAt: Date.parse(time),
    queuedAt: null,
    startedAt: null,
    finishedAt: null,
    initiator: null,
    parent: null,
    planDigest: null,
    dryRun: null,
    outcome: null,
    errorCode: null,
    errorMessage: null,
    errorTask: null,
    counts: null,
    process: null,
  };
}

/** Adds what an event tells. */
export function addFacts(facts: RunFacts, event: RunEvent): void {
  const { type, data } = event;
  const at = Date.parse(event.time);
  if (at < facts.firstAt) facts.firstAt = at;
  switch (type) {
    case 'run.queued': {
      facts.queuedAt ??= at;
      facts.initiator ??= text((data.initiator as { id?: unknown } | undefined)?.id);
      facts.parent ??= text(data.parent);
      if (data.process !== undefined) facts.process ??= JSON.stringify(data.process);
      addPlan(facts, data);
      return;
    }
    case 'run.started':
      facts.startedAt ??= at;
      addPlan(facts, data);
      return;
    case 'run.finished': {
      const error = data.error as { code?: unknown; message?: unknown; task?: unknown } | undefined;
      // An end that was told stays, and replaces one that was concluded.
      if (facts.outcome !== null && (facts.errorCode !== RUN_LOST || error?.code === RUN_LOST)) return;
      facts.finishedAt = at;
      facts.outcome = text(data.status);
      facts.errorCode = text(error?.code);
      facts.errorMessage = text(error?.message)?.slice(0, LONGEST_MESSAGE) ?? null;
      facts.errorTask = text(error?.task);
      facts.counts = data.tasks === undefined ? null : JSON.stringify(data.tasks);
      return;
    }
    default:
  }
}

function addPlan(facts: RunFacts, data: RunEvent['data']): void {
  facts.planDigest ??= text(data.planDigest);
  facts.dryRun ??= data.dryRun === true ? 1 : 0;
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
