import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Share of the processors that may be busy, over how long that is looked at, and for how long it is waited for. */
const BUSY = 0.1;
const LOOK_MS = 500;
const LONGEST_MS = 60_000;

/** Resolves when the machine has little to do: what was measured last may have left work behind, such as a database that tidies up. */
export async function quiet(): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  for (let before = times(); ; ) {
    await delay(LOOK_MS);
    const now = times();
    if ((now.busy - before.busy) / (now.all - before.all) < BUSY) return;
    if (performance.now() > end) throw new Error(`the machine is busy with something else: nothing can be measured`);
    before = now;
  }
}

/** What the processors have done since they started, in milliseconds. */
function times(): { busy: number; all: number } {
  const sums = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    busy: user + nice + sys + irq,
    all: user + nice + sys + irq + idle,
  }));
  return { busy: sums.reduce((sum, { busy }) => sum + busy, 0), all: sums.reduce((sum, { all }) => sum + all, 0) };
}
