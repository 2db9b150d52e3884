import { runEvent } from '../interpreter/events.ts';
import type { RunEvent } from '../run.ts';
import type { HeldRun, History } from './history.ts';
import { hasEnded, thisProcess } from './run-process.ts';

/** The code of a run whose process ended without telling how the run ended. */
export const RUN_LOST = 'RUN_LOST';

/**
 * Gives runs an end whose process has ended without one, as far as that can be seen from here. Should their true end be on its way, it
 * replaces this one. `oneMachine`: everything in the history is of this machine; `givenUp`: a run of which somebody says so, where it
 * cannot be seen. Returns the runs' ids.
 */
export async function endLost(history: History, oneMachine: boolean, givenUp?: string): Promise<string[]> {
  const held = await history.held();
  if (held.length === 0) return [];
  const here = thisProcess();
  const lost = held.filter(({ runId, process }) => {
    const ended = here && hasEnded(process, here, oneMachine);
    return ended ?? runId === givenUp;
  });
  if (lost.length > 0) await history.append(lost.map(endOf));
  return lost.map(({ runId }) => runId);
}

/** It ended after its last sign of life, nobody knows when. */
function endOf({ runId, ref, process: { pid, host }, lastAt }: HeldRun): RunEvent {
  const error = {
    code: RUN_LOST,
    message: `the process ${pid} on ${host} that the run lived in is gone, and has not told how the run ended; what it had begun may have been done`,
  };
  const event = runEvent(runId, ref, 'lost', 'run.finished', { status: 'failed', error, noticedAt: new Date().toISOString() });
  return { ...event, time: new Date(lastAt).toISOString() };
}
