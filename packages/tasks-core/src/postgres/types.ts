import type pg from 'pg';
import { parseExactly } from '../records/exact-json.ts';
import { type PgArray, parseArray } from './array-text.ts';

/** How values of a type are told apart. */
export interface TypeInfo {
  /** As SQL names it, e.g. `timestamp with time zone`. */
  name: string;
  /** Type of the elements, of an array. */
  element?: number;
  delimiter?: string;
}

/** How numbers that JavaScript cannot always hold are given. */
export interface NumberOptions {
  bigint?: 'number' | 'string';
  numeric?: 'number' | 'string';
}

export type Reader = (text: string) => unknown;

const BUILT_IN: [oid: number, name: string, arrayOid: number][] = [
  [16, 'boolean', 1000],
  [17, 'bytea', 1001],
  [19, 'name', 1003],
  [20, 'bigint', 1016],
  [21, 'smallint', 1005],
  [23, 'integer', 1007],
  [25, 'text', 1009],
  [26, 'oid', 1028],
  [114, 'json', 199],
  [700, 'real', 1021],
  [701, 'double precision', 1022],
  [869, 'inet', 1041],
  [1042, 'character', 1014],
  [1043, 'character varying', 1015],
  [1082, 'date', 1182],
  [1083, 'time without time zone', 1183],
  [1114, 'timestamp without time zone', 1115],
  [1184, 'timestamp with time zone', 1185],
  [1186, 'interval', 1187],
  [1266, 'time with time zone', 1270],
  [1700, 'numeric', 1231],
  [2950, 'uuid', 2951],
  [3802, 'jsonb', 3807],
];

/** Types a database has taught us, by its connections; what is in the list above is the same everywhere. */
const learnt = new WeakMap<object, Map<number, TypeInfo>>();
const builtIn = new Map<number, TypeInfo>(
  BUILT_IN.flatMap(([oid, name, arrayOid]): [number, TypeInfo][] => [
    [oid, { name }],
    [arrayOid, { name: `${name}[]`, element: oid }],
  ]),
);
/** A database whose types are made and dropped all the time must not fill the memory. */
const MOST_LEARNT = 10_000;

/** What types these are; asks the server for those it has not been asked for before. `owner` is what the answers are kept for: the pool. */
export async function typesOf(client: pg.PoolClient, owner: object, oids: readonly number[]): Promise<Map<number, TypeInfo>> {
  let known = learnt.get(owner);
  if (known === undefined || known.size > MOST_LEARNT) {
    known = new Map(builtIn);
    learnt.set(owner, known);
  }
  const unknown = [...new Set(oids)].filter((oid) => !known.has(oid));
  if (unknown.length > 0) {
    // An array of a domain has elements of the type below it.
    const { rows } = await client.query<{ oid: string; name: string; element: string | null; delimiter: string | null }>(
      `SELECT t.oid::text, format_type(t.oid, NULL) AS name, coalesce(nullif(e.typbasetype, 0), e.oid)::text AS element, e.typdelim::text AS delimiter
         FROM pg_type t LEFT JOIN pg_type e ON t.typcategory = 'A' AND e.oid = t.typelem WHERE t.oid = ANY ($1::oid[])`,
      [unknown.map(String)],
    );
    for (const { oid, name, element, delimiter } of rows) {
      known.set(Number(oid), {
        name,
        ...(element === null ? {} : { element: Number(element) }),
        ...(delimiter === null ? {} : { delimiter }),
      });
    }
  }
  return known;
}

/**
 * How a column's text becomes JSON: integers and floats are numbers, NaN and infinities texts; bigint is a number up to 2^53 - 1 and a text
 * beyond; numeric is a text, exactly as stored; timestamps are ISO 8601 with all their digits, those with a time zone in UTC; date, time,
 * interval (ISO 8601), uuid and whatever has no like in JSON are texts; bytea is base64; json is JSON; arrays are lists.
 */
export function readerOf(oid: number, types: ReadonlyMap<number, TypeInfo>, options: NumberOptions): Reader {
  const type = types.get(oid);
  if (type?.element !== undefined) {
    const element = readerOf(type.element, types, options);
    const { delimiter } = type;
    // A vector such as oidvector is an array by category, but not by its text.
    return (text) => (/^[{[]/.test(text) ? (parseArray(text, element, delimiter) as PgArray<unknown>) : text);
  }
  switch (oid) {
    case 16:
      return (text) => text === 't';
    case 17:
      return (text) => Buffer.from(text.slice(2), 'hex').toString('base64');
    case 20:
      return options.bigint === 'string' ? same : (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
    case 21:
    case 23:
    case 26:
      return Number;
    case 700:
    case 701:
      return finite;
    case 1700:
      return options.numeric === 'number' ? finite : same;
    case 114:
    case 3802:
      return parseExactly;
    case 1114:
      return (text) => text.replace(' ', 'T');
    case 1184:
      return (text) => text.replace(' ', 'T').replace(/\+00(?=$| BC$)/, 'Z');
    default:
      return same;
  }
}

const same: Reader = (text) => text;

/** JSON has no NaN and no infinity: they stay texts. */
function finite(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}
