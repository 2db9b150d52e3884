/** Packages in a process of its own, so that its memory is its own: `node disclosure-child.ts '<workspace>' '<payload as JSON>'`. Prints milliseconds and the peak of its memory in KiB. */
import type { RunContext } from '@summit/maestro-sdk';
import { disclosurePackage } from '@summit/maestro-tasks-core/ops/disclosure.package';
import { peakKib } from './peak.ts';

const [workspace, payload] = process.argv.slice(2) as [string, string];
const begin = performance.now();
await disclosurePackage.execute({ workspace } as RunContext, { payload: JSON.parse(payload) as never });
const ms = performance.now() - begin;
process.stdout.write(JSON.stringify({ ms, peakKib: peakKib() }));
