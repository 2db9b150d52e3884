import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import type { ProcessId } from './process-id.ts';

/** What is known of a service: its servers, and, once they answer, what clients need to know of them. */
export interface ServiceRecord {
  processes: ProcessId[];
  /** Folders outside the service's own that go with it. */
  folders: string[];
  /** Started by hand: it stays until it is stopped by hand. */
  kept: boolean;
  /** The service of compose.yaml, where it is a container. */
  container?: string;
  /** Absent while it starts or stops. */
  facts?: unknown;
}

export function readRecord(id: string): ServiceRecord | undefined {
  let text: string;
  try {
    text = readFileSync(join(cacheFolder('services'), id, 'record.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as ServiceRecord;
}

/** Readers see the old record or the new one, never half of it. */
export function writeRecord(id: string, record: ServiceRecord): void {
  const file = join(cacheFolder('services', id), 'record.json');
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(next, file);
}

/** The services of which there is a record or a folder, of whatever revision. */
export function allRecords(): string[] {
  return readdirSync(cacheFolder('services'));
}
