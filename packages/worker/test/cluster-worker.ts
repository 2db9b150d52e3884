/** A worker of a cluster in a process of its own, to be killed: `cluster-worker <options as JSON>`; says when it is ready, drains on SIGTERM. */
import { openWorker, type WorkerOptions } from '@summit/maestro-worker';
import { FIXTURES } from './harness.ts';

const [json] = process.argv.slice(2);
if (json === undefined) throw new Error('usage: cluster-worker <options>');
const options = JSON.parse(json) as Pick<WorkerOptions, 'engine' | 'workspace' | 'artifactsDir' | 'pools'>;
const worker = await openWorker({ packages: [FIXTURES], from: import.meta.dirname, ...options });
process.on('SIGTERM', () => void worker.drain().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ said: 'ready', version: worker.version.id })}\n`);
