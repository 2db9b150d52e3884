import type { Template } from '../plan.ts';
import { findClose } from './scan.ts';

/** A `${}` in a scalar. `text.slice(start, end) === source`; blanks just inside the braces do not belong to it. */
export interface EmbeddedExpression {
  source: string;
  start: number;
  end: number;
}

export interface ParsedScalar {
  template: Template;
  expressions: EmbeddedExpression[];
}

/** Why a scalar cannot be read; offsets are in the decoded scalar. */
export interface ScalarError {
  message: string;
  start: number;
  end: number;
  hint?: string;
}

/** Each costs a parse and a check, however short it is. */
const MOST_EXPRESSIONS = 1_000;

/** The name after `secrets.`, when that is all there is. */
const SECRET = /^secrets\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*(?:"([\w.-]+)"|'([\w.-]+)')\s*\])$/;

/**
 * Reads the expressions of a scalar of a manifest, as YAML decoded it.
 * A scalar that is one `${}` (line breaks after it, as block scalars have, do not count) becomes `{$cel}`, or
 * `{$secret}` when it only names a secret; a longer one becomes `{$text}`; one without expressions stays a string.
 * `$${` stands for `${`. There is no way to write a `$` right before an expression other than `${"$"}${...}`.
 */
export function parseScalar(text: string): ParsedScalar | { error: ScalarError } {
  const parts: (string | { $cel: string })[] = [];
  const expressions: EmbeddedExpression[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('$', at);
    if (next === -1) break;
    literal += text.slice(at, next);
    at = next;
    if (text.startsWith('$${', at)) {
      literal += '${';
      at += 3;
    } else if (text[at + 1] === '{') {
      const close = findClose(text, at + 2);
      if (typeof close !== 'number') return { error: unclosed(text, at, close) };
      const expression = trimmed(text, at + 2, close);
      if (expression.source === '') {
        return { error: { message: 'empty expression `${}`', start: at, end: close + 1, hint: 'write `$${` for a literal `${`' } };
      }
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push({ $cel: expression.source });
      expressions.push(expression);
      if (expressions.length > MOST_EXPRESSIONS) {
        const message = `more than ${MOST_EXPRESSIONS} expressions in one text`;
        return {
          error: { message, start: at, end: close + 1, hint: 'build the text in parts, or with map() and join() in one expression' },
        };
      }
      at = close + 1;
    } else {
      literal += '$';
      at++;
    }
  }
  literal += text.slice(at);
  if (expressions.length === 0) return { template: literal, expressions };

  const [first] = expressions;
  if (first && parts.length === 1 && /^[\r\n]*$/.test(literal)) {
    const secret = SECRET.exec(first.source);
    const name = secret?.[1] ?? secret?.[2] ?? secret?.[3];
    return { template: name === undefined ? { $cel: first.source } : { $secret: name }, expressions };
  }
  if (literal !== '') parts.push(literal);
  return { template: { $text: parts }, expressions };
}

function trimmed(text: string, from: number, to: number): EmbeddedExpression {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(text[start] as string)) start++;
  while (end > start && /\s/.test(text[end - 1] as string)) end--;
  return { source: text.slice(start, end), start, end };
}

function unclosed(text: string, open: number, why: { quote?: number; comment?: number }): ScalarError {
  if (why.quote !== undefined) {
    return {
      message: `the string that starts with ${text[why.quote]} is not closed, so the \`\${\` before it has no end`,
      start: why.quote,
      end: why.quote + 1,
      hint: `close it with another ${text[why.quote]} before the \`}\``,
    };
  }
  if (why.comment !== undefined) {
    return {
      message: 'the comment `//` swallows the `}` that should close `${`',
      start: why.comment,
      end: why.comment + 2,
      hint: 'put the `}` on the next line of a `|` block, or remove the comment',
    };
  }
  return { message: '`${` without its `}`', start: open, end: open + 2, hint: 'close it with `}`, or write `$${` for a literal `${`' };
}
