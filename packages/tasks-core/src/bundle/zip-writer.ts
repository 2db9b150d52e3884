import { once } from 'node:events';
import { PassThrough, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';
import { compress, type Digest } from './deflate.ts';
import type { Content } from './read-ahead.ts';

/** An entry to be: its name, and where its content comes from. */
export interface ZipSource extends Content {
  entry: string;
  modified: Date;
}

/** Bytes that may wait between the stages of the pipeline. */
const HIGH_WATER_MARK = 1024 * 1024;
/** Permissions that entries unpack with; those of the packaged files are nobody's business. */
const MODE = 0o644;

/** Writes a zip to a stream: entries in the order they are given, whatever their size in constant memory. */
export class ZipWriter {
  readonly #archive: ZipArchive;
  readonly #level: number;
  readonly #takesDeflated: boolean;
  readonly #written: Promise<void>;
  // The entry that archiver is writing when it is given deflated content.
  #deflated: DeflatedEntry | undefined;
  #error: unknown;
  #wake: () => void = () => {};

  /** `level` 0 stores, 9 compresses best. `signal` ends it with its reason. */
  constructor(out: Writable, level: number, signal: AbortSignal) {
    this.#level = level;
    this.#archive = new ZipArchive({ store: level === 0, zlib: { level, chunkSize: 256 * 1024 }, highWaterMark: HIGH_WATER_MARK });
    this.#takesDeflated = level > 0 && passDeflated(this.#archive, () => this.#deflated);
    this.#written = pipeline(this.#archive, out, { signal });
    this.#written.catch((error: unknown) => {
      this.#error = error;
      this.#wake();
    });
  }

  /** Adds `sources` and tells, as soon as it is known, what was in each. */
  async *add<S extends ZipSource>(sources: Iterable<S>): AsyncGenerator<{ source: S; digest: Digest }> {
    let stream: PassThrough | undefined;
    let size = 0;
    for await (const { source, data, digest } of compress(sources, this.#takesDeflated ? this.#level : undefined)) {
      stream ??= this.#begin(source);
      const bytes = await data;
      size += bytes.length;
      if (!stream.write(bytes)) await this.#until(stream, 'drain');
      if (digest === undefined) continue;
      if (this.#deflated) this.#deflated.facts = { ...digest, compressedSize: size };
      const entered = this.#until(this.#archive, 'entry');
      stream.end();
      await entered;
      if (this.#deflated && !this.#deflated.used) throw new Error(`archiver compressed ${source.entry} for a second time`);
      stream = undefined;
      size = 0;
      yield { source, digest };
    }
  }

  /** Writes the end of the zip; resolves when everything has gone to the stream. */
  async finish(): Promise<void> {
    await Promise.all([this.#archive.finalize(), this.#written]);
  }

  /** Ends what is under way, if anything is; nothing goes to the stream afterwards. */
  async close(): Promise<void> {
    this.#archive.destroy();
    // Who called `add` or `finish` has the error.
    await this.#written.catch(() => {});
  }

  #begin({ entry, modified }: ZipSource): PassThrough {
    if (this.#error !== undefined) throw this.#error;
    const stream = new PassThrough({ highWaterMark: HIGH_WATER_MARK });
    this.#deflated = this.#takesDeflated ? { facts: undefined, used: false } : undefined;
    this.#archive.append(stream, { name: entry, date: modified, mode: MODE });
    return stream;
  }

  /** Waits for an event, or for the output to fail: archiver tells nobody that it will not go on. */
  async #until(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
    if (this.#error === undefined) {
      const stop = new AbortController();
      this.#wake = () => stop.abort();
      await once(emitter, event, { signal: stop.signal }).catch((error: unknown) => {
        if (this.#error === undefined) throw error;
      });
      this.#wake = () => {};
    }
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Content that was compressed before archiver sees it. */
interface DeflatedEntry {
  /** Present before the entry's stream ends. */
  facts: (Digest & { compressedSize: number }) | undefined;
  used: boolean;
}

/** The part of compress-commons, archiver's zip engine, that says how an entry's content becomes what is written. */
interface ZipEngine extends Writable {
  _smartStream(entry: EngineEntry, done: (error: Error | null, entry: EngineEntry) => void): Writable;
  _afterAppend(entry: EngineEntry): void;
}

interface EngineEntry {
  setCrc(crc: number): void;
  setSize(size: number): void;
  setCompressedSize(size: number): void;
}

/**
 * Lets content through archiver that is deflated already; see docs/decisions/0017-parallel-deflate.md. archiver has no option for it: it
 * compresses one entry after the other, each on one thread. Returns false, and changes nothing, where the engine is not the one
 * known here; archiver then compresses itself.
 */
function passDeflated(archive: ZipArchive, current: () => DeflatedEntry | undefined): boolean {
  const engine = (archive as unknown as { _module?: { engine?: Partial<ZipEngine> } })._module?.engine as ZipEngine | undefined;
  if (typeof engine?._smartStream !== 'function' || typeof engine._afterAppend !== 'function') return false;
  const compressing = engine._smartStream;
  engine._smartStream = (entry, done) => {
    const deflated = current();
    if (deflated === undefined) return compressing.call(engine, entry, done);
    deflated.used = true;
    const through = new PassThrough({ highWaterMark: HIGH_WATER_MARK });
    through.once('end', () => {
      const { facts } = deflated;
      if (facts === undefined) {
        engine.destroy(new Error('entry ended before its size was known'));
        return;
      }
      entry.setCrc(facts.crc32);
      entry.setSize(facts.size);
      entry.setCompressedSize(facts.compressedSize);
      engine._afterAppend(entry);
      done(null, entry);
    });
    through.pipe(engine, { end: false });
    return through;
  };
  return true;
}
