import { setImmediate } from 'node:timers/promises';
import type { TestContext } from '../../context.ts';
import { type Call, call, execute, type Outcome, within } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { changes } from '../watch.ts';
import { errorOf, outcomeText } from '../words.ts';

/** How often an ordinary call is aborted before it counts as one that ignores it. */
const ATTEMPTS = 3;

/** A call ends promptly when its signal is aborted, and leaves nothing behind. */
export function abortCases(subject: Subject): ConformanceCase[] {
  const { label, task, promptMs } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'abort', message, cause);

  const nothingChanged = (seen: Call) => {
    const left = changes(seen.workspaceBefore, seen.workspaceAfter);
    if (left.length > 0) throw fail(`left something behind when it was aborted: ${left.join(', ')}`);
  };
  const nothingOpen = (seen: Call) => {
    if (seen.leftOpen.length > 0) throw fail(`left something open when it was aborted: ${seen.leftOpen.join(', ')}`);
  };

  const before: ConformanceCase = {
    task: label,
    rule: 'abort',
    name: 'does nothing when its signal is already aborted',
    async run() {
      const seen = await call(subject, {
        rule: 'abort',
        context: { waits: 'hang' },
        drive: async (ctx, payload) => {
          ctx.abort();
          return within(promptMs, execute(subject, ctx, payload));
        },
      });
      const outcome = inner(seen.outcome);
      if (outcome === 'hung')
        throw fail(`did not end within ${promptMs} ms although its signal was aborted beforehand; begin with ctx.signal.throwIfAborted()`);
      if (outcome.ok && task.effect !== 'none') {
        throw fail(`${outcomeText(outcome, promptMs)} although its signal was aborted beforehand; begin with ctx.signal.throwIfAborted()`);
      }
      nothingChanged(seen);
      nothingOpen(seen);
      if (JSON.stringify(seen.effectsBefore) !== JSON.stringify(seen.effectsAfter))
        throw fail('had an effect although its signal was aborted beforehand');
    },
  };

  const midway: ConformanceCase = {
    task: label,
    rule: 'abort',
    name: 'ends promptly when it is aborted in the middle',
    async run() {
      const { stuck } = subject.fixture;
      for (let attempt = 1; ; attempt++) {
        const seen = await midwayCall(subject);
        const { early, late } = midwayOf(seen.outcome, fail);
        if (early !== undefined) {
          if (stuck === undefined && early !== 'hung' && early.ok) return nothingOpen(seen);
          throw fail(
            `${outcomeText(early, promptMs)} before it was aborted; the suite needs a call that does not end by itself: give a fixture with stuck`,
            errorOf(early),
          );
        }
        if (late === 'hung') throw fail(`did not end within ${promptMs} ms of being aborted; hand ctx.signal to every call that waits`);
        if (late !== undefined && !late.ok) {
          nothingChanged(seen);
          return nothingOpen(seen);
        }
        // An ordinary call may have been past its last wait, and is tried again; a stuck one cannot.
        if (stuck !== undefined || attempt === ATTEMPTS) {
          throw fail(
            'went on to the end although it was aborted: hand ctx.signal to every call that waits; if it was only too quick to notice, give a fixture with stuck, or opt out with a reason',
          );
        }
      }
    },
  };
  return [before, midway];
}

/** A call that is aborted in the middle: the fixture's stuck one, or else an ordinary one. */
function midwayCall(subject: Subject): Promise<Call> {
  const { stuck } = subject.fixture;
  let started: Promise<unknown> | undefined;
  const payload = async (ctx: TestContext) => {
    const run = await stuck?.(ctx);
    started = run?.started;
    return run?.payload;
  };
  return call(subject, {
    rule: 'abort',
    context: { waits: 'hang' },
    ...(stuck === undefined ? {} : { payload }),
    drive: (ctx, input) => abortMidway(subject, ctx, input, started),
  });
}

interface Midway {
  /** How the call ended before there was anything to abort. */
  early?: Outcome;
  /** How it ended after it was aborted. */
  late?: Outcome;
}

/**
 * Starts a call, aborts it when it is in the middle, and sees how it ends. One that is over after a single turn of the
 * event loop waits for nothing, so there is no middle to abort it in.
 */
async function abortMidway(subject: Subject, ctx: TestContext, payload: unknown, started: Promise<unknown> | undefined): Promise<Midway> {
  let ended: Outcome | undefined;
  const work = execute(subject, ctx, payload);
  work.then(
    (output) => {
      ended = { ok: true, output };
    },
    (error: unknown) => {
      ended = { ok: false, error };
    },
  );
  await Promise.race([started ?? setImmediate(), work.catch(() => {})]);
  await setImmediate();
  if (ended !== undefined) return { early: ended };
  ctx.abort();
  return { late: await within(subject.promptMs, work) };
}

function inner(outcome: Outcome): Outcome {
  if (outcome === 'hung' || !outcome.ok) return outcome;
  return outcome.output as Outcome;
}

function midwayOf(outcome: Outcome, fail: (message: string, cause?: unknown) => Error): Midway {
  if (outcome === 'hung') throw fail('the call to abort never began; does the fixture’s started resolve?');
  if (!outcome.ok) throw fail('the call to abort could not be made', outcome.error);
  return outcome.output as Midway;
}
