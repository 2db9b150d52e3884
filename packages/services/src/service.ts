import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { composeDown, composeUp, composeWorks } from './compose.ts';
import { type Launch, launch } from './launch.ts';
import { locked } from './lock.ts';
import { end, runs } from './process-id.ts';
import { allRecords, readRecord, type ServiceRecord, writeRecord } from './record.ts';
import { registerUser, usedByOthers } from './users.ts';

/** What a service gets to start its servers with. */
export interface Start {
  /** An empty folder for configuration, data and logs. */
  folder: string;
  /** Starts a server and waits until it answers. */
  launch(server: Omit<Launch, 'folder' | 'started'>): Promise<void>;
  /** Names a folder elsewhere that is removed when the service stops. */
  alsoRemove(folder: string): void;
}

export interface Service<Facts> {
  name: string;
  /** Raised with every change of how it is started, so that checkouts of different ages do not take each other's server for theirs. */
  revision: number;
  /** Facts of a server that the environment names; undefined where it names none. */
  fromEnvironment(env: NodeJS.ProcessEnv): Facts | undefined;
  /** Gets the programs it needs: downloads and builds, kept in the cache. Called under the service's lock. */
  prepare(): Promise<void>;
  /** Starts its servers; resolves to what clients need to know. */
  start(context: Start): Promise<Facts>;
  /** Its container, for machines on which `prepare` fails: whether it answers, and what is known of it (its plain listener alone). */
  container: { ready(port: number): Promise<unknown>; facts(port: number): Facts };
}

/**
 * The facts of a running service: that of the environment, else the one that runs already, else one started now. One start at a
 * time happens on the machine, and whoever waited for it uses it. A server that was killed is replaced, with nothing of its data.
 */
export async function ensure<Facts>(service: Service<Facts>, { keep = false } = {}): Promise<Facts> {
  const given = service.fromEnvironment(process.env);
  if (given) return given;
  // Before the look at the record: whoever is about to stop it looks for users after marking the record.
  registerUser();
  const id = idOf(service);
  const running = factsOf<Facts>(readRecord(id));
  if (running && !keep) return running;
  return locked(id, async () => {
    const record = readRecord(id);
    const found = factsOf<Facts>(record);
    if (record && found) {
      if (keep) writeRecord(id, { ...record, kept: true });
      return found;
    }
    await clear(id);
    try {
      await service.prepare();
    } catch (error) {
      if (!(await composeWorks())) throw error;
      process.stderr.write(`${service.name} comes from a container, with nothing but its plain listener: ${(error as Error).message}\n`);
      return contain(service, id, keep);
    }
    return begin(service, id, keep);
  });
}

/** Downloads and builds what the service needs, so that a later start takes no longer than the server itself. */
export async function prepare(service: Service<unknown>): Promise<void> {
  if (service.fromEnvironment(process.env) || factsOf(readRecord(idOf(service)))) return;
  await locked(idOf(service), () => service.prepare());
}

/** Stops these services (every one that runs, of whatever revision, unless named), with their data. */
export async function stop(names?: readonly string[]): Promise<string[]> {
  const ids = allRecords().filter((id) => names === undefined || names.some((name) => id.startsWith(`${name}-r`)));
  await Promise.all(ids.map((id) => locked(id, () => clear(id))));
  return ids;
}

/** Stops what was started for tests, unless processes other than this one and its children still use it. */
export async function stopUnused(): Promise<void> {
  for (const id of allRecords()) {
    if (readRecord(id)?.kept) continue;
    await locked(id, async () => {
      const record = readRecord(id);
      if (!record || record.kept) return;
      const { facts: _, ...stopping } = record;
      writeRecord(id, stopping);
      if (usedByOthers()) writeRecord(id, record);
      else await clear(id);
    });
  }
}

export function running(service: Service<unknown>): boolean {
  return factsOf(readRecord(idOf(service))) !== undefined;
}

const idOf = ({ name, revision }: Service<unknown>): string => `${name}-r${revision}`;

function factsOf<Facts>(record: ServiceRecord | undefined): Facts | undefined {
  return record?.facts !== undefined && record.processes.every(runs) ? (record.facts as Facts) : undefined;
}

async function begin<Facts>(service: Service<Facts>, id: string, kept: boolean): Promise<Facts> {
  const record: ServiceRecord = { processes: [], folders: [], kept };
  const folder = cacheFolder('services', id, 'data');
  try {
    const facts = await service.start({
      folder,
      launch: async (server) => {
        await launch({
          ...server,
          folder,
          started: (process) => {
            record.processes.push(process);
            writeRecord(id, record);
          },
        });
      },
      alsoRemove: (path) => {
        record.folders.push(path);
        writeRecord(id, record);
      },
    });
    writeRecord(id, { ...record, facts });
    return facts;
  } catch (error) {
    // The log of the server that failed stays; the next start removes it.
    await Promise.all(record.processes.map((process) => end(process)));
    throw error;
  }
}

async function contain<Facts>({ name, container }: Service<Facts>, id: string, kept: boolean): Promise<Facts> {
  const record: ServiceRecord = { processes: [], folders: [], kept, container: name };
  writeRecord(id, record);
  const facts = container.facts(await composeUp(name, container.ready));
  writeRecord(id, { ...record, facts });
  return facts;
}

async function clear(id: string): Promise<void> {
  const record = readRecord(id);
  if (record?.container) await composeDown(record.container);
  await Promise.all((record?.processes ?? []).map((process) => end(process)));
  for (const folder of record?.folders ?? []) rmSync(folder, { recursive: true, force: true });
  rmSync(join(cacheFolder('services'), id), { recursive: true, force: true });
}
