/** JSON Pointer of the first thing in `value` that JSON cannot carry, with what it is; undefined when there is none. */
export function notJson(value: unknown, at = '', above: readonly object[] = []): string | undefined {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${at || '/'} is ${value}`;
  if (typeof value !== 'object') return `${at || '/'} is a ${typeof value}`;
  if (above.includes(value)) return `${at || '/'} contains itself`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  if (!isPlain) return `${at || '/'} is a ${(value as object).constructor?.name ?? 'special object'}`;
  for (const [key, entry] of Object.entries(value)) {
    const found = notJson(entry, `${at}/${key}`, [...above, value]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `value` as it is after it was written as JSON and read again: without members that are undefined. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}
