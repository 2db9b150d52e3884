/** A piece of a JavaScript regular expression with the `u` flag. */
export type Token =
  /** Matches one character: a literal, an escape, `.` or a class. `source` is RE2 syntax. */
  | { kind: 'atom'; source: string }
  | { kind: 'assertion'; source: '^' | '$' | '\\b' | '\\B' }
  | { kind: 'open' }
  | { kind: 'close' }
  | { kind: 'or' }
  | { kind: 'quantifier'; source: string; min: number; max: number }
  /** What no linear-time engine can do. */
  | { kind: 'unsupported'; what: string };

const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/uy;
const ESCAPE = /\\(?:u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]+\}|k<[^>]*>|[1-9]\d*|.)/iuy;
const GROUP = /\((?:\?(?:<?[=!]|<[^>]*>|[a-z-]*:))?/uy;

// What ECMA-262 calls white space and line terminators; RE2's \s is ASCII only.
const SPACE = '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NOT_SPACE =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';
const NO_LINE_END = '[^\\n\\r\\x{2028}\\x{2029}]';

/** Cuts up `pattern`, which `new RegExp(pattern, 'u')` must have accepted: only then is every bracket where it seems to be. */
export function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const [token, length] = next(pattern, at);
    tokens.push(token);
    at += length;
  }
  return tokens;
}

function next(pattern: string, at: number): [Token, number] {
  const char = String.fromCodePoint(pattern.codePointAt(at) as number);
  switch (char) {
    case '^':
    case '$':
      return [{ kind: 'assertion', source: char }, 1];
    case '|':
      return [{ kind: 'or' }, 1];
    case ')':
      return [{ kind: 'close' }, 1];
    case '(':
      return group(match(GROUP, pattern, at)[0]);
    case '[':
      return characterClass(pattern, at);
    case '.':
      return [{ kind: 'atom', source: NO_LINE_END }, 1];
    case '\\':
      return escapeSequence(pattern, at, false);
    case '*':
    case '+':
    case '?':
    case '{':
      return quantifier(match(QUANTIFIER, pattern, at));
    default:
      return [{ kind: 'atom', source: char }, char.length];
  }
}

function group(source: string): [Token, number] {
  if (/[=!]$/.test(source))
    return [{ kind: 'unsupported', what: `the ${source[2] === '<' ? 'lookbehind' : 'lookahead'} ${source}` }, source.length];
  if (/\?[a-z-]+:$/.test(source)) return [{ kind: 'unsupported', what: `the modifiers ${source}` }, source.length];
  return [{ kind: 'open' }, source.length];
}

function quantifier([source, min, comma, max]: RegExpExecArray): [Token, number] {
  const bounds = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[source[0] as string];
  const [low, high] = bounds ?? [Number(min), comma === undefined ? Number(min) : max ? Number(max) : Infinity];
  return [{ kind: 'quantifier', source, min: low as number, max: high as number }, source.length];
}

function characterClass(pattern: string, start: number): [Token, number] {
  let at = start + 1;
  let body = '[';
  if (pattern[at] === '^') {
    body += '^';
    at++;
  }
  while (pattern[at] !== ']') {
    const char = String.fromCodePoint(pattern.codePointAt(at) as number);
    if (char === '\\') {
      const [token, length] = escapeSequence(pattern, at, true);
      if (token.kind !== 'atom') return [token, length];
      body += token.source;
      at += length;
    } else {
      // A bare [ is a literal to JavaScript; RE2 might read [: as the start of a POSIX class.
      body += char === '[' ? '\\[' : char;
      at += char.length;
    }
  }
  // RE2 has no empty class: [] matches nothing, [^] everything.
  const source = body === '[' ? '[^\\x{0}-\\x{10ffff}]' : body === '[^' ? '[\\x{0}-\\x{10ffff}]' : `${body}]`;
  return [{ kind: 'atom', source }, at + 1 - start];
}

function escapeSequence(pattern: string, at: number, inClass: boolean): [Token, number] {
  const source = match(ESCAPE, pattern, at)[0];
  const letter = source[1] as string;
  const atom = (re2: string, length = source.length): [Token, number] => [{ kind: 'atom', source: re2 }, length];
  switch (letter) {
    case 's':
      return atom(inClass ? SPACE : `[${SPACE}]`);
    case 'S':
      return atom(inClass ? NOT_SPACE : `[^${SPACE}]`);
    case 'b':
    case 'B':
      return inClass ? atom('\\x{8}') : [{ kind: 'assertion', source: `\\${letter}` }, 2];
    case 'p':
    case 'P':
      return atom(source.replace(/(?:Script|sc|General_Category|gc)=/u, ''));
    case 'u':
      return unicodeEscape(pattern, at, source);
    case 'x':
      return atom(codePoint(Number.parseInt(source.slice(2), 16)));
    case 'c':
      return atom(codePoint(source.charCodeAt(2) % 32));
    case '0':
      return atom(codePoint(0));
    case 'v':
      return atom(codePoint(11));
    case 'k':
      return [{ kind: 'unsupported', what: `the back reference ${source}` }, source.length];
    case '/':
    case '-':
      return atom(letter === '-' && inClass ? '\\-' : letter);
    default:
      if (/[1-9]/.test(letter)) return [{ kind: 'unsupported', what: `the back reference ${source}` }, source.length];
      return atom(source);
  }
}

/** With the `u` flag two escaped surrogates in a row are one character. */
function unicodeEscape(pattern: string, at: number, source: string): [Token, number] {
  const pair = /^\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/i.exec(pattern.slice(at, at + 12));
  const value = pair
    ? (String.fromCharCode(Number.parseInt(pair[1] as string, 16), Number.parseInt(pair[2] as string, 16)).codePointAt(0) as number)
    : Number.parseInt(source.replace(/[^0-9a-f]/gi, ''), 16);
  return [{ kind: 'atom', source: codePoint(value) }, pair ? pair[0].length : source.length];
}

function codePoint(value: number): string {
  return `\\x{${value.toString(16)}}`;
}

function match(expression: RegExp, pattern: string, at: number): RegExpExecArray {
  expression.lastIndex = at;
  const found = expression.exec(pattern);
  if (found === null) throw new Error(`regular expression ${pattern} cannot be cut up at ${at}`);
  return found;
}
