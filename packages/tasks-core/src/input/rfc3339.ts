const RFC3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Milliseconds since the epoch of an RFC 3339 date and time with its offset; undefined for anything else. */
export function epochOf(text: unknown): number | undefined {
  const day = typeof text === 'string' ? RFC3339.exec(text)?.[1] : undefined;
  if (day === undefined) return undefined;
  const at = Date.parse(text as string);
  // V8 may read 31 February as a day in March.
  return Number.isNaN(at) || !new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? undefined : at;
}
