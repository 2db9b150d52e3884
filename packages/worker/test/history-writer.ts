/** Writes the events of runs into a history, in a process of its own: `history-writer <file> <run ids, separated by commas>`. */
import { openRecording } from '../src/history/open-history.ts';
import { fullRun } from './history-events.ts';

const [file, runIds] = process.argv.slice(2);
if (file === undefined || runIds === undefined) throw new Error('usage: history-writer <file> <runIds>');
const recording = await openRecording({ sqlite: file }, { info: () => {}, error: (message) => process.stderr.write(`${message}\n`) });
for (const runId of runIds.split(',')) {
  for (const event of fullRun(runId)) recording.record(event);
  await recording.flush();
}
await recording.close();
