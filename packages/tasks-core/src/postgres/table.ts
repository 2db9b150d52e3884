import { InvalidInputError } from '@summit/maestro-sdk';
import pg from 'pg';
import { didYouMean } from '../input/nearest.ts';
import type { Session } from './transaction.ts';

/** A table as the catalog knows it. */
export interface Table {
  oid: string;
  schema: string;
  name: string;
  /** `r` a table, `p` a partitioned one, `v` a view, `f` a foreign table. */
  kind: string;
  columns: Map<string, TableColumn>;
}

export interface TableColumn {
  /** As SQL names it, without length or precision: a cast to a length would cut what is too long. */
  type: string;
  isArray: boolean;
  isBytea: boolean;
  /** A row type, whose values are texts such as `(1,a)`. */
  isComposite: boolean;
  isJson: boolean;
  /** An array whose elements are JSON. */
  isJsonArray: boolean;
  isByteaArray: boolean;
  /** Holds integers that a number of JavaScript may not: bigint, numeric, and arrays of them. */
  isWide: boolean;
}

const WIDE = new Set(['int8', 'numeric', '_int8', '_numeric']);

/** `schema.table` or `table`, each as it is in the catalog, or in double quotes where it has a dot. Throws `INVALID_INPUT`. */
export function parseTableName(text: unknown): { schema?: string; name: string } {
  const part = '"(?:[^"]|"")+"|[^".]+';
  const found = typeof text === 'string' && !text.includes('\0') ? new RegExp(`^(?:(${part})\\.)?(${part})$`).exec(text) : null;
  if (found === null)
    throw new InvalidInputError(
      `table must be a name such as orders or sales.orders, found ${JSON.stringify(text)?.slice(0, 80) ?? 'nothing'}`,
    );
  const plain = (name: string) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);
  const [, schema, name] = found;
  return { name: plain(name as string), ...(schema === undefined ? {} : { schema: plain(schema) }) };
}

/** The name for SQL, quoted: whatever it holds is a name. */
export function quotedTable({ schema, name }: { schema?: string; name: string }): string {
  return schema === undefined ? pg.escapeIdentifier(name) : `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

/** Looks a table up. Throws `DB_TABLE_UNKNOWN` with the names that are like it. */
export async function tableOf({ client, doing }: Session, text: string): Promise<Table> {
  const quoted = quotedTable(parseTableName(text));
  const { rows } = await client.query<{
    oid: string;
    schema: string;
    name: string;
    kind: string;
    column: string;
    type: string;
    array: boolean;
    composite: boolean;
    base: string;
  }>(
    `SELECT c.oid::text, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, a.attname AS column,
            format_type(a.atttypid, -1) AS type, b.typcategory = 'A' AS array, b.typtype = 'c' AS composite, b.typname AS base
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
      WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'f') ORDER BY a.attnum`,
    [quoted],
  );
  const first = rows[0];
  if (first === undefined) {
    const named = quoted.includes('.') ? JSON.stringify(text) : quoted;
    const problem = 'does not exist, or is nothing that rows can be written to: a table with columns, a view';
    throw new InvalidInputError(`${doing.label}: relation ${named} ${problem}`, { code: 'DB_TABLE_UNKNOWN' });
  }
  const columns = new Map(
    rows.map(({ column, type, array, composite, base }): [string, TableColumn] => [
      column,
      {
        type,
        isArray: array,
        isBytea: base === 'bytea',
        isComposite: composite,
        isJson: base === 'json' || base === 'jsonb',
        isJsonArray: base === '_json' || base === '_jsonb',
        isByteaArray: base === '_bytea',
        isWide: WIDE.has(base),
      },
    ]),
  );
  return { oid: first.oid, schema: first.schema, name: first.name, kind: first.kind, columns };
}

/** Rows this connection has inserted into a table and updated in it since it last told the statistics, which it does between transactions only. */
export async function writtenSoFar({ client }: Session, { oid }: Table): Promise<{ inserted: number; updated: number }> {
  const { rows } = await client.query<{ inserted: string; updated: string }>(
    'SELECT pg_stat_get_xact_tuples_inserted($1)::text AS inserted, pg_stat_get_xact_tuples_updated($1)::text AS updated',
    [oid],
  );
  return { inserted: Number(rows[0]?.inserted), updated: Number(rows[0]?.updated) };
}

/** Throws `DB_COLUMN_UNKNOWN` for a name that is no column, with those that are like it. */
export function checkColumns(table: Table, names: readonly string[], where: string): void {
  for (const name of names) {
    if (table.columns.has(name)) continue;
    const known = [...table.columns.keys()];
    const choices = didYouMean(name, known) || `; its columns are ${known.slice(0, 30).join(', ')}${known.length > 30 ? ', ...' : ''}`;
    throw new InvalidInputError(`${where}: table ${table.schema}.${table.name} has no column ${JSON.stringify(name)}${choices}`, {
      code: 'DB_COLUMN_UNKNOWN',
      details: { table: `${table.schema}.${table.name}`, column: name },
    });
  }
}
