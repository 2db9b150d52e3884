import { type Access, RestateControl } from './engine/restate/control.ts';
import type { History } from './history/history.ts';
import { openRecording, type Recording } from './history/open-history.ts';
import type { RunnerOptions } from './options.ts';
import { loadTasks } from './packages/tasks.ts';
import type { RunEvent } from './run.ts';
import type { RunClient } from './runner.ts';

/** What a client needs to know; the tasks are loaded only where a run is started. */
export interface ClientOptions extends Pick<RunnerOptions, 'engine' | 'packages' | 'from' | 'logger' | 'history' | 'pools' | 'limits'> {
  /**
   * What it is opened for. `runs`: to list, cancel, pause, resume them; `decisions`: to answer their questions as well, and to start runs.
   * With the embedded engine and nobody who serves it, the second takes longer.
   */
  purpose: 'runs' | 'decisions';
}

/**
 * Opens a way to the runs of an engine for a process that executes none of them. It never becomes a worker: with a Restate server that
 * somebody else runs nothing is registered there. With the embedded engine the server is started where no other process has; what is
 * asked for is then kept until `maestro up`. Throws `ENGINE_EPHEMERAL` for the in-process engine.
 */
export async function openClient(options: ClientOptions): Promise<RunClient> {
  const { engine, logger, history } = options;
  if (engine.kind === 'in-process') {
    const { TaskError } = await import('@summit/maestro-sdk');
    throw TaskError.terminal('ENGINE_EPHEMERAL', 'runs of the in-process engine live and end in the process that started them');
  }
  const recording = history && (await openRecording(history, logger));
  try {
    return await openWith(options, recording);
  } catch (error) {
    await recording?.close();
    throw error;
  }
}

async function openWith(options: ClientOptions, recording: Recording | undefined): Promise<RunClient> {
  const { purpose, logger } = options;
  const engine = options.engine as Exclude<ClientOptions['engine'], { kind: 'in-process' }>;
  const { EmbeddedDesk } = await import('./engine/restate/desk.ts');
  const { RemoteAccess } = await import('./engine/restate/remote.ts');
  if (engine.kind === 'embedded') {
    const desk = await EmbeddedDesk.open(engine, purpose === 'decisions', logger);
    return new RestateRunClient(options, desk, {
      served: () => desk.served,
      recording,
      close: () => desk.close(),
    });
  }
  const access = RemoteAccess.to(engine);
  await access.ready();
  const served = await access.client.served();
  return new RestateRunClient(options, access, { served: () => served, recording, close: async () => {} });
}

/** What a client is made with beside the way to its engine. */
interface ClientParts {
  served(): boolean;
  recording: Recording | undefined;
  close(): Promise<void>;
}

class RestateRunClient extends RestateControl implements RunClient {
  readonly #parts: ClientParts;

  constructor(options: ClientOptions, access: Access, parts: ClientParts) {
    super(access, () => loadTasks(options.packages, options.from), options);
    this.#parts = parts;
  }

  get history(): History | undefined {
    return this.#parts.recording?.history;
  }

  protected override record(event: RunEvent): void {
    this.#parts.recording?.record(event);
  }

  get served(): boolean {
    return this.#parts.served();
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('the client was closed'));
    await this.#parts.close();
    await this.#parts.recording?.close();
  }
}
