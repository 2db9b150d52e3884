import { InvalidInputError, isTaskError, TaskError, TimeoutError, TransientError } from '@summit/maestro-sdk';
import { networkFailure } from '../connection/network-failure.ts';
import { placeOf } from './position.ts';
import { withoutValues } from './redact.ts';

/** What was being done when an error came. */
export interface Doing {
  /** `host:port/database`. */
  label: string;
  phase: 'waiting' | 'connecting' | 'working' | 'committing';
  /** The statement, where it is the caller's own. */
  sql?: string;
  parameters?: readonly unknown[];
  readOnly?: boolean;
}

/** The parts of a server's error that are used. */
export interface ServerError extends Error {
  code: string;
  position?: string;
  /** Holds values: compared, never shown. */
  detail?: string;
  /** The domain whose constraint does not hold. */
  dataType?: string;
  hint?: string;
  /** Where the server was, e.g. at which parameter. Holds values: never shown. */
  where?: string;
  schema?: string;
  table?: string;
  column?: string;
  constraint?: string;
  /** What it is about, in our own words: in front of the message. */
  about?: string;
  /** Number of the row it is about, where that was found out. */
  row?: number;
  /** The function of the server that reports it. */
  routine?: string;
}

/** How one SQLSTATE is told. `passing`: the same call may succeed later. */
interface Meaning {
  code: string;
  /** Instead of what the server says. */
  message?: string;
  passing?: boolean;
  advice?: string;
}

const MEANINGS: Record<string, Meaning> = {
  '28P01': { code: 'DB_AUTH_FAILED', advice: 'check user and password of the connection string' },
  '28000': { code: 'DB_AUTH_FAILED', advice: 'check user, database and whether the server wants TLS (pg_hba.conf)' },
  '3D000': { code: 'DB_DATABASE_UNKNOWN', advice: 'check the database of the connection string' },
  '3F000': { code: 'DB_SCHEMA_UNKNOWN' },
  '42601': { code: 'DB_SYNTAX' },
  '42P01': { code: 'DB_TABLE_UNKNOWN' },
  '42703': { code: 'DB_COLUMN_UNKNOWN' },
  '42883': { code: 'DB_FUNCTION_UNKNOWN' },
  '42501': { code: 'DB_PERMISSION', advice: 'grant the user the right it lacks' },
  '42P18': { code: 'DB_PARAMETERS', advice: 'say the type in the statement: $1::text' },
  '42P08': { code: 'DB_PARAMETERS', advice: 'say the type in the statement: $1::text' },
  '42P10': { code: 'DB_CONFLICT_TARGET', advice: 'conflict.target must be the columns of a primary key or unique index' },
  '428C9': { code: 'DB_COLUMN_GENERATED', advice: 'leave the column out: the database makes its values' },
  '54000': { code: 'DB_VALUE_INVALID' },
  '25001': { code: 'DB_STATEMENT_REFUSED', advice: 'statements that cannot be rolled back are not run here' },
  '57014': { code: 'DB_TIMEOUT', passing: true, advice: 'raise timeoutMs, or make the statement faster' },
  '55P03': { code: 'DB_LOCKED', passing: true },
  '40001': { code: 'DB_SERIALIZATION', passing: true },
  '40P01': { code: 'DB_DEADLOCK', passing: true },
  '53300': { code: 'DB_TOO_MANY_CONNECTIONS', passing: true, advice: 'lower poolSize, or raise max_connections' },
  '53100': { code: 'DB_RESOURCES', passing: true, advice: 'the disk of the server is full' },
  '57P03': { code: 'DB_UNREACHABLE', passing: true },
  '57P01': { code: 'DB_CONNECTION_LOST', passing: true },
  '57P02': { code: 'DB_CONNECTION_LOST', passing: true },
  '57P05': { code: 'DB_CONNECTION_LOST', passing: true },
  '25P03': { code: 'DB_TIMEOUT', passing: true },
  P0001: { code: 'DB_RAISED' },
};

const CLASSES: Record<string, Meaning> = {
  '08': { code: 'DB_CONNECTION_LOST', passing: true },
  '22': { code: 'DB_VALUE_INVALID' },
  '23': { code: 'DB_CONSTRAINT' },
  '28': { code: 'DB_AUTH_FAILED' },
  '40': { code: 'DB_SERIALIZATION', passing: true },
  '44': { code: 'DB_CONSTRAINT' },
  '53': { code: 'DB_RESOURCES', passing: true },
  '58': { code: 'DB_RESOURCES', passing: true },
};

/** Sorts whatever the client throws into terminal and transient. What is already sorted stays as it is. */
export function databaseFailure(error: unknown, doing: Doing): unknown {
  if (isTaskError(error)) return error;
  if (isServerError(error)) return fromServer(error, doing);
  const network = networkFailure(error);
  const message = error instanceof Error ? error.message : String(error);
  const tls = network?.kind === 'tls' || /SSL connection/.test(message);
  if (tls) {
    return TaskError.terminal('DB_TLS_FAILED', `${doing.label}: ${network?.reason ?? message}; check tls (ca, serverName) and sslmode`, {
      cause: error,
    });
  }
  if (message.startsWith('SASL')) {
    return TaskError.terminal('DB_AUTH_FAILED', `${doing.label}: ${message}; check user and password of the connection string`, {
      cause: error,
    });
  }
  const cut = network !== undefined || /^(?:Connection terminated|timeout expired|Client (?:has encountered|was closed))/.test(message);
  if (!cut) return error;
  const reason = network?.reason ?? (message === 'timeout expired' ? 'no answer in time' : 'the connection ended');
  if (doing.phase === 'committing') return commitUnknown(doing.label, reason, error);
  const code = doing.phase === 'working' ? 'DB_CONNECTION_LOST' : 'DB_UNREACHABLE';
  const what = doing.phase === 'working' ? 'the connection was lost, nothing was changed' : 'cannot connect';
  return new TransientError(`${doing.label}: ${what}: ${reason}`, { code, cause: error });
}

/** The transaction may or may not have taken effect: its commit was sent, and the answer lost. */
export function commitUnknown(label: string, reason: string, cause?: unknown): TaskError {
  return new TransientError(`${label}: whether the transaction took effect is unknown: the answer to its commit was lost (${reason})`, {
    code: 'DB_COMMIT_UNKNOWN',
    ...(cause === undefined ? {} : { cause }),
  });
}

export function isServerError(error: unknown): error is ServerError {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return error instanceof Error && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && typeof severity === 'string';
}

function fromServer(error: ServerError, doing: Doing): TaskError {
  const { label, sql, parameters = [] } = doing;
  if (doing.phase === 'committing' && /^(?:08|57P)/.test(error.code)) return commitUnknown(label, error.message, error);
  const meaning = meaningOf(error, doing);
  const clean = (text: string) => withoutValues(text, error, parameters);
  const at = sql !== undefined && error.position !== undefined ? placeOf(sql, Number(error.position)) : undefined;
  const hint = error.hint === undefined ? undefined : clean(error.hint);
  const { constraint, table, schema, column } = error;
  const place = at === undefined ? '' : ` (line ${at.line}, column ${at.column}, near ${JSON.stringify(at.near)})`;
  const parameter = sql === undefined ? undefined : parameterOf(error);
  const which = constraint !== undefined && !error.message.includes(constraint) ? ` (constraint ${constraint})` : '';
  const advice = [meaning.advice, hint].filter((text) => text !== undefined);
  const about = error.about === undefined ? '' : `${error.about}: `;
  const message = `${label}: ${about}${meaning.message ?? clean(error.message)}${which}${parameter === undefined ? '' : ` (parameter $${parameter})`}${place}${advice.map((text) => `; ${text}`).join('')}`;
  const facts = {
    row: error.row,
    parameter,
    constraint,
    schema,
    table,
    column,
    hint,
    ...(at === undefined ? {} : { line: at.line, column: at.column, excerpt: at.excerpt }),
  };
  const details = { sqlstate: error.code, ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) };
  // The client's own error holds the values in its detail, so its cause is told by what may be told.
  const cause = new Error(`SQLSTATE ${error.code}`);
  if (meaning.code === 'DB_TIMEOUT') return new TimeoutError(message, { code: meaning.code, details, cause });
  if (meaning.passing) return new TransientError(message, { code: meaning.code, details, cause });
  return new InvalidInputError(message, { code: meaning.code, details, cause });
}

/** Number of the parameter whose value the server could not read; undefined where it was not reading one. */
export function parameterOf({ code, where }: ServerError): number | undefined {
  const [, number] = code.startsWith('22') ? (/^[^'"[{\n]*\$(\d+)(?: = |$)/m.exec(where ?? '') ?? []) : [];
  return number === undefined ? undefined : Number(number);
}

function meaningOf({ code, message }: ServerError, { readOnly, phase }: Doing): Meaning {
  if (code === '25006' || (readOnly && code === '25001')) {
    if (readOnly) return { code: 'DB_READ_ONLY', advice: 'connectors/db.query only reads; connectors/db.execute writes' };
    // As it is on a standby, and on a primary that is being switched over.
    return { code: 'DB_READ_ONLY', passing: true, advice: 'the server takes no writes now; connect to the primary' };
  }
  if (code === '42601' && /multiple commands/.test(message)) {
    const message = 'sql holds more than one statement';
    return { code: 'DB_MULTIPLE_STATEMENTS', message, advice: 'give one a call, or put them into a function or one WITH' };
  }
  // Of a transaction's own commit: a constraint checked at its end is as definite as any other.
  if (code.startsWith('08') && phase !== 'working' && phase !== 'committing') return { code: 'DB_UNREACHABLE', passing: true };
  return MEANINGS[code] ?? CLASSES[code.slice(0, 2)] ?? { code: 'DB_FAILED' };
}
