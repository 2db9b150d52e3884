import { join } from 'node:path';
import type { EngineOptions } from './options.ts';
import type { ActiveRun } from './run.ts';

/**
 * The unfinished runs of an engine that is running, without doing anything to it: no server is started, no worker registered. Undefined
 * where none answers, and for the in-process engine.
 */
export async function peekActive(engine: EngineOptions): Promise<ActiveRun[] | undefined> {
  if (engine.kind === 'in-process') return undefined;
  const client = await clientOf(engine);
  return (await client.ready()) ? client.runs.active() : undefined;
}

async function clientOf(engine: Exclude<EngineOptions, { kind: 'in-process' }>) {
  if (engine.kind === 'embedded') return (await import('./embedded/server.ts')).embeddedClient(join(engine.dir, 'restate'));
  const { RestateClient } = await import('./engine/restate/client.ts');
  return RestateClient.at(engine.ingressUrl, engine.adminUrl);
}
