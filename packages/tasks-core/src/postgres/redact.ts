/** Shorter texts are not searched for: they would blank out ordinary words. */
const SHORTEST = 4;
const HIDDEN = '[value]';

const QUOTED = /"(?:[^"]|"")*"|'(?:[^']|'')*'|«[^»]*»|„[^“]*“|“[^”]*”/g;

/**
 * What the server said, without the values it was given: they may be secret. Class 22 (data exceptions) quotes the value it could not use;
 * what PL/pgSQL raises may say anything; class 23 quotes names of constraints and tables only; elsewhere a value may stand as a name, as that of `$1::regclass` does.
 */
export function withoutValues(
  message: string,
  { code, routine }: { code: string; routine?: string },
  parameters: readonly unknown[],
): string {
  if (routine === 'exec_stmt_raise') return leaves(parameters).reduce((text, value) => text.replaceAll(value, HIDDEN), message);
  if (code.startsWith('22')) return message.replace(QUOTED, HIDDEN);
  if (code.startsWith('23') || parameters.length === 0) return message;
  const values = new Set(leaves(parameters));
  return message.replace(QUOTED, (quoted) => (values.has(quoted.slice(1, -1)) ? HIDDEN : quoted));
}

/** Every text and number in a value, longest first, so that none is cut in two by a shorter one. */
function leaves(value: unknown): string[] {
  const found: string[] = [];
  const visit = (node: unknown) => {
    if (typeof node === 'string' || typeof node === 'number') {
      const text = String(node);
      if (text.length >= SHORTEST) found.push(text);
    } else if (typeof node === 'object' && node !== null) for (const entry of Object.values(node)) visit(entry);
  };
  visit(value);
  return [...new Set(found)].sort((a, b) => b.length - a.length);
}
