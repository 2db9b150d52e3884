import { PassThrough } from 'node:stream';
import type { ArtifactRef, RunContext } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import { NDJSON } from '../records/write.ts';

/** As many acknowledgements are handed on inline; more are written to an artifact. */
export const MAX_INLINE_ACKS = 1_000;

/** Where a message is stored. */
export interface Ack {
  stream: string;
  seq: number;
  /** It was there already. */
  duplicate: boolean;
}

/** What the acknowledgements of a call come to, per stream. */
export interface StreamSummary {
  stream: string;
  count: number;
  duplicates: number;
  firstSeq: number;
  lastSeq: number;
}

export interface Acks {
  acks?: Ack[];
  acksArtifact?: ArtifactRef;
  streams: StreamSummary[];
  duplicates: number;
}

/** Takes acknowledgements as they arrive, and keeps them in the order of the messages: inline while they are few, else in an artifact. */
export class AckLog {
  readonly #ctx: Pick<RunContext, 'artifacts'>;
  readonly #signal: AbortSignal;
  readonly #early = new Map<number, Ack>();
  readonly #streams = new Map<string, StreamSummary>();
  #inline: Ack[] = [];
  #next = 0;
  #out: { stream: PassThrough; stored: Promise<ArtifactRef> } | undefined;

  constructor(ctx: Pick<RunContext, 'artifacts'>, signal: AbortSignal) {
    this.#ctx = ctx;
    this.#signal = signal;
  }

  add(index: number, ack: Ack): void {
    this.#early.set(index, ack);
    for (let next = this.#early.get(this.#next); next !== undefined; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++);
      this.#count(next);
      this.#inline.push(next);
    }
  }

  /** Writes out what is too much to be kept. Called by the publisher, which so waits for a slow store. */
  async spill(): Promise<void> {
    if (this.#inline.length <= (this.#out === undefined ? MAX_INLINE_ACKS : 0)) return;
    this.#out ??= this.#begin();
    const lines = this.#inline.map((ack) => `${JSON.stringify(ack)}\n`).join('');
    this.#inline = [];
    const { stream, stored } = this.#out;
    if (stream.write(lines)) return;
    // A store that fails ends the wait too.
    await orAbort(Promise.race([new Promise((resolve) => stream.once('drain', resolve)), stored]), this.#signal);
  }

  async end(): Promise<Acks> {
    await this.spill();
    const streams = [...this.#streams.values()];
    const duplicates = streams.reduce((sum, { duplicates }) => sum + duplicates, 0);
    if (this.#out === undefined) return { acks: this.#inline, streams, duplicates };
    this.#out.stream.end();
    return { acksArtifact: await orAbort(this.#out.stored, this.#signal), streams, duplicates };
  }

  /** Gives up what was not finished. */
  abandon(): void {
    this.#out?.stream.destroy();
  }

  #begin() {
    const stream = new PassThrough();
    const stored = this.#ctx.artifacts.put(stream, { name: 'acks.ndjson', contentType: NDJSON, signal: this.#signal });
    // Looked at when it is awaited, which may be later than it fails.
    stored.catch(() => {});
    return { stream, stored };
  }

  #count({ stream, seq, duplicate }: Ack): void {
    const known = this.#streams.get(stream);
    const summary = known ?? { stream, count: 0, duplicates: 0, firstSeq: seq, lastSeq: seq };
    if (known === undefined) this.#streams.set(stream, summary);
    summary.count++;
    if (duplicate) summary.duplicates++;
    summary.firstSeq = Math.min(summary.firstSeq, seq);
    summary.lastSeq = Math.max(summary.lastSeq, seq);
  }
}
