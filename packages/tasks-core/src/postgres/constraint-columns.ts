import { InvalidInputError, isTaskError, type RunContext } from '@summit/maestro-sdk';
import type { ConnectionOptions } from './options.ts';
import { inTransaction } from './transaction.ts';

/** What the server says of a constraint that does not hold. */
interface Violation {
  schema: string;
  table: string;
  constraint: string;
  column?: string;
}

/** Runs `work`; a constraint or unique index that does not hold is told together with its columns, which the server does not say. */
export async function withConstraintColumns<R>(ctx: RunContext, connection: ConnectionOptions, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const violation = violationOf(error);
    if (violation === undefined || !isTaskError(error)) throw error;
    // What a failure of this second look would say is less than what is known already.
    const found = await columnsOf(ctx, connection, violation).catch(() => undefined);
    if (found === undefined) throw error;
    const { columns, refers } = found;
    const place = `${violation.schema}.${violation.table}`;
    const names = columns.map((name) => JSON.stringify(name)).join(', ');
    const to = refers === null ? '' : `, which must be in ${refers}`;
    throw new InvalidInputError(
      `${error.message}; the constraint is on the column${columns.length === 1 ? '' : 's'} ${names} of ${place}${to}`,
      {
        code: error.code,
        details: { ...(error.details as object), ...(columns.length === 1 ? { column: columns[0] } : {}), columns },
        cause: error.cause,
      },
    );
  }
}

function violationOf(error: unknown): Violation | undefined {
  if (!isTaskError(error) || error.retryable) return undefined;
  const details = (error.details ?? {}) as Partial<Violation>;
  const known = details.schema !== undefined && details.table !== undefined && details.constraint !== undefined;
  return known && details.column === undefined ? (details as Violation) : undefined;
}

interface Found {
  columns: string[];
  /** `schema.table (columns)` that a foreign key refers to. */
  refers: string | null;
}

function columnsOf(ctx: RunContext, connection: ConnectionOptions, { schema, table, constraint }: Violation): Promise<Found | undefined> {
  const names = (rel: string, keys: string) =>
    `(SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(${keys}) WITH ORDINALITY AS k(num, n) JOIN pg_attribute a ON a.attrelid = ${rel} AND a.attnum = k.num)`;
  return inTransaction(ctx, connection, { readOnly: true }, async ({ client }) => {
    const { rows } = await client.query<{ columns: string | null; refers: string | null }>(
      `SELECT to_json(${names('s.rel', 's.keys')})::text AS columns,
              (SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = s.other)
                || ' (' || array_to_string(${names('s.other', 's.others')}, ', ') || ')' AS refers
         FROM (SELECT conrelid AS rel, conkey AS keys, confrelid AS other, confkey AS others, conname AS name FROM pg_constraint
               UNION ALL
               SELECT i.indrelid, i.indkey::int2[], 0, NULL, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid) s
        WHERE s.rel = to_regclass(format('%I.%I', $1::text, $2::text)) AND s.name = $3 LIMIT 1`,
      [schema, table, constraint],
    );
    // An index on expressions has no columns of its own.
    const columns = JSON.parse(rows[0]?.columns ?? 'null') as string[] | null;
    return columns === null ? undefined : { columns, refers: rows[0]?.refers ?? null };
  });
}
