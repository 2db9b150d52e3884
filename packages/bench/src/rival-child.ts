/**
 * One engine in a process of its own: `rival-child.ts NAME`. Each message `[total, width]` is answered with the workflows a second it did, once it is
 * in full swing again; `close` ends it.
 */
import { perSecond } from './in-flight.ts';
import { RIVALS, type RivalName } from './rivals.ts';

/** Workflows before those that are counted. */
const RUN_UP = 500;

const rival = await RIVALS[process.argv[2] as RivalName]();
process.on('message', async (work: [total: number, width: number] | 'close') => {
  if (work === 'close') {
    await rival.close();
    process.disconnect();
    return;
  }
  const [total, width] = work;
  await perSecond(RUN_UP, width, () => rival.run());
  process.send?.(await perSecond(total, width, () => rival.run()));
});
process.send?.('ready');
