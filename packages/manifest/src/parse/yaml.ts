import { counted, cut } from '@summit/maestro-expressions/text';
import { Composer, type CST, type Document, Lexer, type ParsedNode, Parser, visit, type YAMLError } from 'yaml';
import { refuseCharacter } from './characters.ts';
import { limits } from './limits.ts';
import type { SyntaxProblem } from './problem.ts';

/** The YAML 1.2 core schema and nothing that a file could switch on: no 1.1 booleans, no merge keys, no binary or set tags. */
const options = {
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  // Checked while converting: the library compares every key with every other one.
  uniqueKeys: false,
  keepSourceTokens: true,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

export type YamlDocument = Document.Parsed<ParsedNode>;

/**
 * Reads all documents of a text, or says why it is not even tried: too long, too many tokens, nested too deeply, not text.
 * Syntax errors are in each document's `errors`.
 */
export function readYaml(text: string): { documents: YamlDocument[] } | { refused: SyntaxProblem } {
  const refused = refuseText(text);
  if (refused) return { refused };
  const tokens = tokenize(text);
  if ('refused' in tokens) return tokens;
  return { documents: [...new Composer(options).compose(tokens.tokens, true, text.length)] };
}

function refuseText(text: string): SyntaxProblem | undefined {
  if (text.length > limits.fileLength) {
    return {
      start: limits.fileLength,
      end: limits.fileLength,
      message: `the file is too long: a manifest may have ${limits.fileLength} characters`,
      hint: 'split it into several files; large data belongs in an artifact, not in a manifest',
    };
  }
  return refuseCharacter(text);
}

/** Runs lexer and parser together, so that hostile nesting and length are noticed before the recursive composer sees them. */
function tokenize(text: string): { tokens: CST.Token[] } | { refused: SyntaxProblem } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    count++;
    if (parser.stack.length > limits.depth) {
      const message = `nested more than ${limits.depth} levels deep`;
      return { refused: { start: parser.offset - 1, end: parser.offset, message, hint: 'give the value a flatter shape' } };
    }
    if (count > limits.tokens) {
      const message = `the file is too large: more than ${counted(limits.tokens, 'token')}`;
      return { refused: { start: parser.offset, end: parser.offset, message, hint: 'split it into several files' } };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}

/** The first error of a document as a problem. What follows it in the same document is nearly always its consequence. */
export function syntaxProblem(text: string, document: YamlDocument, error: YAMLError): SyntaxProblem {
  const opening = error.message.startsWith('Missing closing') ? openQuote(document, error.pos[0]) : undefined;
  if (opening !== undefined) {
    const hint = `close it with another ${text[opening]} on the same line, or write it in a block (|)`;
    return { start: opening, end: opening + 1, message: `the string that starts with ${text[opening]} is not closed`, hint };
  }
  let [start, end] = [error.pos[0], Math.min(error.pos[1], text.length)];
  if (error.code === 'NON_STRING_KEY' && text.startsWith('{{', error.pos[0] - 1)) {
    const hint = 'an expression is written ${...}, and in quotes inside of { } and [ ]';
    return { start: error.pos[0] - 1, end: error.pos[0] + 1, message: 'YAML takes {{ for a mapping in a mapping', hint };
  }
  // Some errors are at the start of the line, before the indentation.
  while (start < end && /[ \t]/.test(text[start] ?? '') && error.code !== 'TAB_AS_INDENT') start++;
  if (start === end) while (text[end] === ' ') start = ++end;
  return {
    start,
    end: Math.max(end, start),
    message: message(error),
    hint: hints[error.code] ?? 'check the punctuation and indentation here and in the line before',
  };
}

/** Where the quoted scalar begins that ends, unclosed, at `end`. */
function openQuote(document: YamlDocument, end: number): number | undefined {
  let start: number | undefined;
  visit(document, {
    Scalar(_, { srcToken }) {
      if (srcToken && 'source' in srcToken && srcToken.offset + srcToken.source.length === end) start = srcToken.offset;
    },
  });
  return start;
}

function message(error: YAMLError): string {
  if (error.code === 'TAB_AS_INDENT') return 'a tab is used as indentation';
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return 'YAML takes the ": " in this value for the end of a key';
  if (error.code === 'NON_STRING_KEY') return 'a key must be a plain string';
  if (error.code === 'KEY_OVER_1024_CHARS') return 'YAML finds a key of more than 1024 characters here';
  // It may quote what it found, however long.
  return cut(`not YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`, 300);
}

const hints: { [code in YAMLError['code']]?: string } = {
  NON_STRING_KEY: 'write name: value; lists, mappings and aliases cannot be keys',
  KEY_OVER_1024_CHARS: 'shorten the key; if it is text, put the whole value in quotes',
  TAB_AS_INDENT: 'indent with spaces: YAML does not allow tabs',
  BAD_INDENT: 'check the indentation, and that every [ and { is closed',
  BLOCK_AS_IMPLICIT_KEY: 'put the value in quotes, or write it in a block (|)',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, followed by ": "',
  BAD_ALIAS: 'an alias *name needs an anchor &name before it; a string that starts with * must be quoted',
  BAD_SCALAR_START: 'quote the value',
  BAD_DQ_ESCAPE: 'write \\\\ for a backslash, or use single quotes',
  BAD_DIRECTIVE: 'a line that starts with % is a directive; quote it if it is a value',
  TAG_RESOLVE_FAILED: 'tags (!name) are not part of a manifest; quote a string that starts with !',
};
