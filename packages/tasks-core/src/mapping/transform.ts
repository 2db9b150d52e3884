import { type ArtifactRef, type RunContext, TaskError } from '@summit/maestro-sdk';
import type { MapperProcess } from '../mapper/mapper-process.ts';
import type { SourceRecord } from '../records/record.ts';
import { NDJSON, ndjsonBytes } from '../records/write.ts';
import { compileRows, type RowProgram, type RowScope } from './compile.ts';
import { Failures, type RowFailure } from './failures.ts';
import { rowBatches } from './source.ts';
import { Turns } from './turns.ts';

/** What is to be done, with its defaults filled in. */
export interface Transformation {
  rows?: readonly unknown[];
  artifact?: ArtifactRef;
  mapping?: unknown;
  filter?: string;
  mapper?: { code: string; timeoutMs: number; memoryMb: number };
  vars: { [name: string]: unknown };
  as: 'rows' | 'artifact';
  name: string;
  onError: 'fail' | 'skip';
  maxFailures: number;
}

export interface Transformed {
  rows?: unknown[];
  artifact?: ArtifactRef;
  /** Rows in the result. */
  count: number;
  /** Rows that the filter left out. */
  skipped: number;
  failed?: number;
  failures?: RowFailure[];
}

interface KeptRow {
  index: number;
  row: unknown;
}

/** Rows that a mapper gets at once. */
const MAPPED_AT_ONCE = 500;
/** JSON text of a result that is collected in memory, in UTF-16 units. */
const LARGEST_INLINE = 64 * 1024 * 1024;

/** Makes every row of the source into one of the result, in their order. Throws what transform.map lists. */
export async function transform(ctx: RunContext, input: Transformation): Promise<Transformed> {
  const { mapper, vars } = input;
  const program = compileRows(input);
  if (mapper === undefined) return result(ctx, input, new Run(ctx, input, program));
  const { withMapper } = await import('../mapper/processes.ts');
  return withMapper(ctx, mapper.code, vars, mapper, (process) => result(ctx, input, new Run(ctx, input, program, process)));
}

async function result(ctx: RunContext, input: Transformation, run: Run): Promise<Transformed> {
  const made: Pick<Transformed, 'rows' | 'artifact'> = {};
  if (input.as === 'artifact') {
    const meta = { name: input.name, contentType: NDJSON, signal: ctx.signal };
    made.artifact = await ctx.artifacts.put(ndjsonBytes(run.batches()), meta);
  } else {
    made.rows = await collect(run.batches(), input.artifact !== undefined);
  }
  const { count, skipped, failures } = run;
  return { ...made, count, skipped, ...(input.onError === 'skip' ? { failed: failures.count, failures: failures.list } : {}) };
}

class Run {
  count = 0;
  skipped = 0;
  readonly failures: Failures;
  readonly #ctx: RunContext;
  readonly #input: Transformation;
  readonly #program: RowProgram;
  readonly #scope: RowScope;

  readonly #mapper: MapperProcess | undefined;

  constructor(ctx: RunContext, input: Transformation, program: RowProgram, mapper?: MapperProcess) {
    this.#mapper = mapper;
    this.#ctx = ctx;
    this.#input = input;
    this.#program = program;
    this.#scope = { row: undefined, index: 0, vars: input.vars };
    this.failures = new Failures(input.onError, input.maxFailures);
  }

  async *batches(): AsyncGenerator<unknown[]> {
    const turns = new Turns(this.#ctx.signal);
    for await (const batch of rowBatches(this.#ctx, this.#input)) {
      const made: unknown[] = [];
      for (const record of batch) {
        this.#make(record, made);
        if (turns.due) await turns.yield();
      }
      if (this.#mapper === undefined) {
        this.count += made.length;
        if (made.length > 0) yield made;
      } else yield* this.#mapped(made as KeptRow[], this.#mapper);
    }
  }

  /** What the mapper makes of rows that are kept. */
  async *#mapped(kept: readonly KeptRow[], mapper: MapperProcess): AsyncGenerator<unknown[]> {
    for (let start = 0; start < kept.length; start += MAPPED_AT_ONCE) {
      const batch = kept.slice(start, start + MAPPED_AT_ONCE);
      const made: unknown[] = [];
      for (const [at, outcome] of (await mapper.map(batch)).entries()) {
        if ('value' in outcome) made.push(outcome.value);
        else this.failures.add({ index: (batch[at] as KeptRow).index, path: 'mapper', message: outcome.problem });
      }
      this.count += made.length;
      if (made.length > 0) yield made;
    }
  }

  /** Adds what becomes of a row; where there is a mapper, the row for it. */
  #make(record: SourceRecord, made: unknown[]): void {
    const index = record.number - 1;
    if ('problem' in record) {
      this.failures.add({ index, message: record.problem });
      return;
    }
    const scope = this.#scope;
    const row = record.inexact === undefined ? record.value : record.inexact.exact;
    scope.row = row;
    scope.index = index;
    try {
      if (this.#program.keeps?.(scope) === false) this.skipped++;
      else if (this.#mapper) made.push({ index, row } satisfies KeptRow);
      else made.push(this.#program.map ? this.#program.map(scope) : row);
    } catch (error) {
      this.failures.thrown(index, error);
    }
  }
}

async function collect(batches: AsyncIterable<unknown[]>, measured: boolean): Promise<unknown[]> {
  const rows: unknown[] = [];
  let size = 0;
  for await (const batch of batches) {
    // What came inline may go inline; an artifact may be of any size.
    if (measured) size += JSON.stringify(batch).length;
    if (size > LARGEST_INLINE) {
      throw TaskError.terminal(
        'TRANSFORM_RESULT_TOO_LARGE',
        `the result is larger than ${LARGEST_INLINE / 1024 / 1024} MiB of JSON; ask for it with as: artifact`,
      );
    }
    for (const row of batch) rows.push(row);
  }
  return rows;
}
