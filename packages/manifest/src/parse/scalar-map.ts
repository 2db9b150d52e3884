import type { ScalarNode } from './node.ts';

/**
 * Where the characters of a string scalar stand in its file: the offset for each offset in the decoded value, its end included.
 * Exact for plain, quoted and literal scalars; within line breaks that YAML folds away, the break itself.
 */
export function sourceOffsets(node: ScalarNode): (decoded: number) => number {
  const token = node.token;
  if (typeof node.value !== 'string' || !token || !('source' in token)) return (decoded) => Math.min(node.start + decoded, node.end);
  const value = node.value;
  switch (node.style) {
    case 'plain':
      return inUnits(foldedUnits(token.source, node.start, false), value, node.end);
    case 'single':
      return inUnits(foldedUnits(token.source.slice(1, -1), node.start + 1, true), value, node.end - 1);
    case 'double':
      return inUnits(doubleQuotedUnits(token.source, node.start), value, node.end - 1);
    case 'literal':
    case 'folded':
      return inLines(node.end - token.source.length, token.source, value);
  }
}

/** For each UTF-16 unit of the decoded value, its offset in the file. */
type Units = number[];

function inUnits(units: Units, value: string, end: number): (decoded: number) => number {
  return (decoded) => (decoded >= value.length ? end : (units[decoded] ?? end));
}

/**
 * Reads the white space at `at` and returns its length. Around a line break all of it goes: one break is a space,
 * more are that many less one. Without a break it stays.
 */
function fold(source: string, at: number, offset: number, units: Units): number {
  let stop = at;
  while (source[stop] === ' ' || source[stop] === '\t') stop++;
  if (source[stop] !== '\n' && !source.startsWith('\r\n', stop)) {
    for (let i = 0; i < stop - at; i++) units.push(offset + i);
    return stop - at;
  }
  let breaks = 0;
  for (; ' \t\r\n'.includes(source[stop] ?? '-'); stop++) if (source[stop] === '\n') breaks++;
  for (let i = 0; i < Math.max(1, breaks - 1); i++) units.push(offset);
  return stop - at;
}

function foldedUnits(source: string, start: number, quotes: boolean): Units {
  const units: Units = [];
  let at = 0;
  while (at < source.length) {
    const folded = fold(source, at, start + at, units);
    if (folded === 0) units.push(start + at);
    at += folded || (quotes && source.startsWith("''", at) ? 2 : 1);
  }
  return units;
}

const escapeLengths: { [char: string]: number } = { x: 2, u: 4, U: 8 };

function doubleQuotedUnits(source: string, start: number): Units {
  const units: Units = [];
  const end = source.length - 1;
  let at = 1;
  while (at < end) {
    const folded = fold(source, at, start + at, units);
    if (folded > 0) at += folded;
    else if (source[at] === '\\') at += readEscape(source, at, start + at, units);
    else units.push(start + at++);
  }
  return units;
}

/** An escaped line break is nothing at all; a code point above the basic plane is two units. Returns the length of the escape. */
function readEscape(source: string, at: number, offset: number, units: Units): number {
  const joined = /\\\r?\n[ \t]*/y;
  joined.lastIndex = at;
  const line = joined.exec(source)?.[0];
  if (line !== undefined) return line.length;
  const digits = escapeLengths[source[at + 1] as string] ?? 0;
  units.push(offset);
  if (digits > 0 && Number.parseInt(source.slice(at + 2, at + 2 + digits), 16) > 0xffff) units.push(offset);
  return 2 + digits;
}

/**
 * Block scalars keep each line's content as it is, literal and folded alike; only indentation goes and breaks change. So each
 * line of the source is looked for in the value, behind the one before it.
 */
function inLines(sourceStart: number, source: string, value: string): (decoded: number) => number {
  const pieces: { decoded: number; source: number; length: number }[] = [];
  let cursor = 0;
  let at = sourceStart;
  for (const raw of source.split('\n')) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const content = line.replace(/^[ ]+/, '');
    if (content !== '') {
      const found = value.indexOf(content, cursor);
      if (found !== -1) {
        pieces.push({ decoded: found, source: at + line.length - content.length, length: content.length });
        cursor = found + content.length;
      }
    }
    at += raw.length + 1;
  }
  return (decoded) => {
    const piece = pieces.findLast((candidate) => candidate.decoded <= decoded);
    return piece ? piece.source + Math.min(decoded - piece.decoded, piece.length) : (pieces[0]?.source ?? sourceStart);
  };
}
