import { sha256Hex } from '@summit/maestro-sdk/canonical';
import type { Diagnostic, Range } from '../diagnostic.ts';
import type { Rule } from '../lint/define.ts';
import { rules } from '../lint/rules/index.ts';
import { SourceFile } from '../text/source.ts';

const levels = { error: 'error', warning: 'warning', info: 'note' } as const;
/** Relative paths start from the folder that the command was called in; readers know where that is, e.g. the checkout. */
const BASE = '%SRCROOT%';

/**
 * A SARIF 2.1.0 log: one run, with the rules, the findings and their fixes. Columns count UTF-16 units; relative files are URIs
 * relative to `%SRCROOT%`. `partialFingerprints` stay the same while lines are added or removed elsewhere.
 */
export function sarif(diagnostics: readonly Diagnostic[], sources: ReadonlyMap<string, string>, toolVersion?: string): string {
  const files = [...new Set(diagnostics.map(({ file }) => file).filter((file) => file !== ''))].sort();
  const fingerprints = new Fingerprints(sources);
  const driver = {
    name: 'maestro',
    fullName: 'Maestro lint',
    ...(toolVersion === undefined ? {} : { semanticVersion: toolVersion }),
    rules: rules.map(descriptor),
  };
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [BASE]: { description: { text: 'The folder that the command was called in.' } } },
        artifacts: files.map((file) => ({ location: location(file), mimeType: 'application/yaml', encoding: 'UTF-8' })),
        results: diagnostics.map((diagnostic) => result(diagnostic, files, fingerprints)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor({ code, severity, doc, details, examples }: Rule) {
  const sentence = `${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
  return {
    id: code,
    name: code.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase()),
    shortDescription: { text: plain(sentence) },
    fullDescription: { text: plain(details) },
    help: {
      text: `${plain(details)}\n\nWrong:\n\n${examples.bad}\nRight:\n\n${examples.good}`,
      markdown: `${details}\n\nWrong:\n\n\`\`\`yaml\n${examples.bad}\`\`\`\n\nRight:\n\n\`\`\`yaml\n${examples.good}\`\`\`\n`,
    },
    defaultConfiguration: { level: levels[severity] },
  };
}

function result(diagnostic: Diagnostic, files: readonly string[], fingerprints: Fingerprints) {
  const { code, severity, message, file, range, hint, fix } = diagnostic;
  const index = files.indexOf(file);
  const rule = rules.findIndex((one) => one.code === code);
  const artifactLocation = { ...location(file), index };
  return {
    ruleId: code,
    ...(rule === -1 ? {} : { ruleIndex: rule }),
    level: levels[severity],
    message: { text: hint === undefined ? message : `${message}\n${hint}` },
    // A finding about something that stands in no file has no place.
    locations: index === -1 ? [] : [{ physicalLocation: { artifactLocation, region: region(range) } }],
    partialFingerprints: { 'finding/v1': fingerprints.of(diagnostic) },
    ...(fix === undefined || index === -1
      ? {}
      : {
          fixes: [
            {
              description: { text: hint ?? 'Mend it.' },
              artifactChanges: [
                { artifactLocation, replacements: [{ deletedRegion: region(fix.range), insertedContent: { text: fix.newText } }] },
              ],
            },
          ],
        }),
  };
}

function region({ start, end }: Range) {
  return { startLine: start.line, startColumn: start.col, endLine: end.line, endColumn: end.col };
}

/** Tells findings apart by what they say and by their line, not by where that is; equal ones are counted. */
class Fingerprints {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #files = new Map<string, SourceFile>();
  readonly #seen = new Map<string, number>();

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  of({ code, file, message, range }: Diagnostic): string {
    const key = JSON.stringify([code, file.replaceAll('\\', '/'), message, this.#line(file, range.start.line)]);
    const count = this.#seen.get(key) ?? 0;
    this.#seen.set(key, count + 1);
    return sha256Hex(`${key}${count}`).slice(0, 32);
  }

  #line(name: string, line: number): string {
    let file = this.#files.get(name);
    if (!file) {
      file = new SourceFile(name, this.#sources.get(name) ?? '');
      this.#files.set(name, file);
    }
    return file.line(line).trim();
  }
}

function location(file: string): { uri: string; uriBaseId?: string } {
  const name = file.replaceAll('\\', '/');
  if (/^[A-Za-z]:\//.test(name)) return { uri: `file:///${encoded(name).replace('%3A', ':')}` };
  if (name.startsWith('/')) return { uri: `file://${encoded(name)}` };
  return { uri: encoded(name), uriBaseId: BASE };
}

/** Half a pair of surrogates, which a file name can hold, is no URI. */
function encoded(path: string): string {
  return path
    .toWellFormed()
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

/** Text without the marks of Markdown. */
function plain(markdown: string): string {
  return markdown.replace(/`([^`]*)`/g, '$1');
}
