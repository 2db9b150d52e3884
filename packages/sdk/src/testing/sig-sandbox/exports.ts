import { createHash } from 'node:crypto';
import { canonicalJson } from '../../canonical.ts';
import type { SigItem } from './contracts.ts';
import { Refusal } from './refusal.ts';
import { storedZip } from './stored-zip.ts';

export type SigExportStatus = 'pending' | 'running' | 'ready' | 'failed';

/** An export as `GET /exports/{id}` shows it. */
export interface SigExport {
  exportId: string;
  requestId: string;
  status: SigExportStatus;
  /** Present when it is ready. */
  bundle?: { sha256: string; size: number; contentType: string; name: string };
  /** Present when it has failed. */
  reason?: string;
}

interface Running {
  exportId: string;
  requestId: string;
  parameters?: Record<string, unknown>;
  polls: number;
  bytes?: Buffer;
}

export interface ExportScript {
  /** How many times its status is asked for before it is ready or has failed; default 2. */
  polls?: number;
  /** Why exports fail; they succeed where this is absent. */
  failure?: string;
}

/** Exports that were asked for. Each becomes running, and then ready or failed, as its status is asked for. */
export class Exports {
  readonly #items: () => Iterable<SigItem>;
  readonly #all = new Map<string, Running>();
  script: Required<Pick<ExportScript, 'polls'>> & ExportScript;

  constructor(items: () => Iterable<SigItem>, script: ExportScript) {
    this.#items = items;
    this.script = { polls: 2, ...script };
  }

  get size(): number {
    return this.#all.size;
  }

  begin(request: { requestId: string; parameters?: Record<string, unknown> }): SigExport {
    const exportId = `export-${this.#all.size + 1}`;
    this.#all.set(exportId, { exportId, polls: 0, ...request });
    return { exportId, requestId: request.requestId, status: 'pending' };
  }

  /** Throws a 404. */
  status(id: string): SigExport {
    const found = this.#find(id);
    found.polls++;
    const { exportId, requestId, polls } = found;
    if (polls <= this.script.polls) return { exportId, requestId, status: polls === 1 ? 'pending' : 'running' };
    if (this.script.failure !== undefined) return { exportId, requestId, status: 'failed', reason: this.script.failure };
    const bytes = this.#bytesOf(found);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return {
      exportId,
      requestId,
      status: 'ready',
      bundle: { sha256, size: bytes.length, contentType: 'application/zip', name: `${exportId}.zip` },
    };
  }

  /** Throws a 404, or a 409 as long as it is not ready. */
  bundle(id: string): Buffer {
    const found = this.#find(id);
    if (found.polls <= this.script.polls || this.script.failure !== undefined) {
      throw new Refusal(409, 'export_not_ready', `export ${id} is not ready; ask for its status first`);
    }
    return this.#bytesOf(found);
  }

  #find(id: string): Running {
    const found = this.#all.get(id);
    if (found === undefined) throw new Refusal(404, 'export_unknown', `there is no export ${JSON.stringify(id)}`);
    return found;
  }

  /** A zip of what was ingested, with a manifest of its hashes in the shape that `maestro verify` reads. */
  #bytesOf(running: Running): Buffer {
    if (running.bytes !== undefined) return running.bytes;
    const { requestId, parameters = {} } = running;
    const files = [
      { entry: 'request.json', bytes: Buffer.from(canonicalJson({ requestId, parameters })) },
      {
        entry: 'items.ndjson',
        bytes: Buffer.from([...this.#items()].map(({ id, payload }) => `${canonicalJson({ id, payload })}\n`).join('')),
      },
    ];
    const listed = files.map(({ entry, bytes }) => ({
      path: entry,
      entry,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      size: bytes.length,
    }));
    const manifest = { version: 1, generator: 'sig-sandbox@1', files: listed };
    running.bytes = storedZip([...files, { entry: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) }]);
    return running.bytes;
  }
}
