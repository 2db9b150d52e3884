import { cut } from '@summit/maestro-expressions/text';
import type { YAMLError } from 'yaml';
import { findClose } from '../expressions/scan.ts';
import type { ScalarNode } from './node.ts';
import type { SyntaxProblem } from './problem.ts';

/**
 * The mistake every author makes first: `{ bucket: ${params.b} }`. In a flow mapping `{` ends a plain scalar, and anywhere
 * `: ` does, so an expression there must be quoted. Recognises the error YAML makes of it and offers the quoted form.
 */
export function unquotedExpression(text: string, error: YAMLError): SyntaxProblem | undefined {
  const at = error.pos[0];
  if (text[at] === '{' && text[at - 1] === '$') {
    const start = flowScalarStart(text, at - 1);
    return advise(text, start, scalarEnd(text, start, true), 'in a flow collection YAML ends the value at "{"');
  }
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && lineRest(text, at).includes('${')) {
    return advise(text, at, scalarEnd(text, at, false), 'YAML takes the ": " in it for the end of a key');
  }
  return undefined;
}

function advise(text: string, start: number, end: number | undefined, why: string): SyntaxProblem {
  const shown = text.slice(start, end ?? start + lineRest(text, start).length).trimEnd();
  const problem: SyntaxProblem = { start, end: start + shown.length, message: `unquoted expression ${cut(shown, 200)}: ${why}` };
  if (end === undefined) return { ...problem, hint: 'put the whole value in quotes' };
  const newText = quote(shown);
  return { ...problem, hint: `quote it: ${cut(newText, 200)}`, fix: { start, end, newText } };
}

/** What cannot stand in a file as it is, or not on one line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that need an escape
const UNWRITABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffd-\uffff]/g;

/** A YAML string that reads as `value`; double quotes unless the value would need escapes that single quotes do without. */
export function quote(value: string): string {
  if (value.search(UNWRITABLE) !== -1) {
    return JSON.stringify(value).replace(UNWRITABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  return /["\\]/.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
}

/** Another name for a key, in quotes where the key has some: without a space behind the colon, as in JSON, it would be no key otherwise. */
export function renamed(key: ScalarNode, name: string): string {
  return key.style === 'plain' && /^[A-Za-z_][\w.-]*$/.test(name) ? name : quote(name);
}

function lineRest(text: string, at: number): string {
  const end = text.indexOf('\n', at);
  return text.slice(at, end === -1 ? undefined : end);
}

/** Where the plain scalar began that the `$` at `dollar` is part of. */
function flowScalarStart(text: string, dollar: number): number {
  let start = dollar;
  while (start > 0) {
    const before = text[start - 1] as string;
    if ('\n,[{'.includes(before)) break;
    if ((before === ' ' || before === '\t') && /[:?-]/.test(text[start - 2] ?? '')) break;
    start--;
  }
  while (start < dollar && /[ \t]/.test(text[start] as string)) start++;
  return start;
}

/** Where the value ends, its expressions taken as units; `undefined` when one of them is not closed on the line. */
function scalarEnd(text: string, start: number, inFlow: boolean): number | undefined {
  let at = start;
  while (at < text.length && text[at] !== '\n') {
    if (text.startsWith('${', at)) {
      const end = expressionEnd(text, at + 2);
      if (end === undefined) return undefined;
      at = end;
    } else if (inFlow && ',]}'.includes(text[at] as string)) break;
    else if (text[at] === '#' && /[ \t]/.test(text[at - 1] ?? '')) break;
    else at++;
  }
  while (at > start && /\s/.test(text[at - 1] as string)) at--;
  return at;
}

/** The offset behind the `}` that closes an expression on its line. */
function expressionEnd(text: string, start: number): number | undefined {
  const close = findClose(lineRest(text, start), 0);
  return typeof close === 'number' ? start + close + 1 : undefined;
}
