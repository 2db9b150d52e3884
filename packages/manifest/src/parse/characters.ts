import type { SyntaxProblem } from './problem.ts';

/**
 * The first character that a manifest may not hold: control characters other than tab and line breaks, what is left of bytes
 * that are not UTF-8, halves of surrogate pairs, a byte order mark in the middle.
 */
export function refuseCharacter(text: string): SyntaxProblem | undefined {
  const start = firstRefused(text);
  if (start === -1) return undefined;
  return { start, end: start + 1, ...describe(text, start) };
}

function firstRefused(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20) {
      if (code !== 0x09 && code !== 0x0a && !(code === 0x0d && text.charCodeAt(at + 1) === 0x0a)) return at;
    } else if (code < 0x7f) continue;
    else if (code < 0xa0) {
      // U+0085 is a line break of old; YAML allows it.
      if (code !== 0x85) return at;
    } else if (code >= 0xd800 && code <= 0xdfff) {
      if (!isPair(text, at)) return at;
      at++;
    } else if (code === 0xfeff || code >= 0xfffd) return at;
  }
  return -1;
}

function isPair(text: string, at: number): boolean {
  const next = text.charCodeAt(at + 1);
  return text.charCodeAt(at) <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
}

function describe(text: string, at: number): { message: string; hint: string } {
  const code = text.charCodeAt(at);
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const asUtf8 = 'save the file as UTF-8; most editors ask for the encoding under "save as"';
  // UTF-16 that was read as UTF-8: two bytes that are none, or every other character NUL.
  if (text.startsWith('\ufffd\ufffd') || (code === 0 && at <= 4 && text.charCodeAt(at + 2) === 0)) {
    return { message: 'the file is not UTF-8; it looks like UTF-16', hint: asUtf8 };
  }
  if (code === 0xfffd) return { message: 'the file is not UTF-8: here are bytes that stand for no character', hint: asUtf8 };
  if (code === 0x0d) {
    return {
      message: 'a carriage return without a line feed',
      hint: 'save the file with LF or CRLF as line ends; in a double-quoted string write \\r',
    };
  }
  if (code === 0xfeff)
    return { message: 'a byte order mark in the middle of the file', hint: 'remove it; it cannot be seen in most editors' };
  if (code >= 0xd800 && code <= 0xdfff) return { message: `half of a surrogate pair, ${name}: this is no character`, hint: 'remove it' };
  return {
    message: `control character ${name}: this is not a text file`,
    hint: 'a manifest is UTF-8 text; inside a double-quoted string write the character as an escape, e.g. "\\x07"',
  };
}
