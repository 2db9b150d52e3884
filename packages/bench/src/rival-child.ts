/** One engine in a process of its own: `rival-child.ts NAME`. Each message `[total, width]` is answered with the workflows a second it did; `close` ends it. */
import { perSecond } from './in-flight.ts';
import { RIVALS, type RivalName } from './rivals.ts';

const rival = await RIVALS[process.argv[2] as RivalName]();
process.on('message', async (work: [total: number, width: number] | 'close') => {
  if (work === 'close') {
    await rival.close();
    process.disconnect();
  } else process.send?.(await perSecond(...work, () => rival.run()));
});
process.send?.('ready');
