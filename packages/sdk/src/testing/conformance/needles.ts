/** Shortest secret that can be searched for without finding it by chance. */
export const SHORTEST_SECRET = 8;

/** True when `text` holds `secret` as it is, or URL-encoded, JSON-escaped, as hex, or inside base64. */
export function holdsSecret(text: string, secret: string): boolean {
  return forms(secret).some((form) => text.includes(form));
}

function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const found = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), bytes.toString('hex')];
  // Inside a longer base64 text it begins at one of three alignments; only the characters no neighbour touches are certain.
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const certain = text.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
    found.push(certain, certain.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return found;
}

/** Deep enough for what a logger prints of an error; below are sockets and parsers, which nobody prints. */
const DEPTH = 8;

/** Everything an error would show to whoever prints it: messages, stack, details and causes. */
export function errorText(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) {
      if (value !== undefined && typeof value !== 'function') lines.push(String(value));
      return;
    }
    if (seen.has(value) || depth === 0) return;
    seen.add(value);
    if (value instanceof Uint8Array) lines.push(Buffer.from(value).toString('utf8'));
    else if (value instanceof Map || value instanceof Set || value instanceof Headers) visit([...value], depth - 1);
    else for (const key of shownKeys(value)) visitProperty(value, key, depth);
  };
  const visitProperty = (holder: object, key: string, depth: number) => {
    let value: unknown;
    try {
      value = Reflect.get(holder, key);
    } catch (thrown) {
      value = thrown;
    }
    lines.push(key);
    visit(value, depth - 1);
  };
  visit(error, DEPTH);
  return lines.join('\n');
}

/** What of an error is not enumerable is printed all the same. */
function shownKeys(value: object): string[] {
  return value instanceof Error ? [...new Set(['message', 'stack', 'cause', 'errors', ...Object.keys(value)])] : Object.keys(value);
}
