/** `value` as JSON text of at most `limit` characters; what is longer is cut and ends in `…`. Never walks more of the value than it shows. */
export function preview(value: unknown, limit = 120): string {
  let text = '';
  // True when there is no room for more.
  const write = (piece: string): boolean => {
    text += piece;
    return text.length > limit;
  };
  const walk = (node: unknown): boolean => {
    // Escaping never makes a string shorter, so what is shown of it fits into its first `limit` characters.
    if (typeof node === 'string') return write(JSON.stringify(node.length > limit ? node.slice(0, limit + 1) : node));
    if (typeof node !== 'object' || node === null) return write(JSON.stringify(node) ?? String(node));
    const [open, close] = Array.isArray(node) ? '[]' : '{}';
    if (write(open as string)) return true;
    let first = true;
    for (const key in node) {
      if (!Object.hasOwn(node, key)) continue;
      const name = Array.isArray(node) ? '' : `${JSON.stringify(key.slice(0, limit + 1))}:`;
      if (write(`${first ? '' : ','}${name}`) || walk((node as Record<string, unknown>)[key])) return true;
      first = false;
    }
    return write(close as string);
  };
  return walk(value) ? `${cut(text, limit)}…` : text;
}

/** The first `limit` characters, without half a surrogate pair at the end. */
function cut(text: string, limit: number): string {
  return text.slice(0, limit).replace(/[\ud800-\udbff]$/u, '');
}
