import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { type Completion, completionsAt, definitionAt, type Fix, hoverAt, type Outline, outlineOf } from '@summit/maestro-manifest';
import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  type DocumentSymbol,
  type Hover,
  type LocationLink,
  type Position,
  type Range,
  SymbolKind,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Project } from './project.ts';
import { taskPlace } from './task-place.ts';
import { diagnosticOf, TextMap } from './text.ts';

/** The action that applies every fix. */
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.maestro`;

/** A manifest that the editor asks about. */
export interface Asked {
  document: TextDocument;
  project: Project;
  name: string;
}

function mapOf({ document, project, name }: Asked): TextMap | undefined {
  const source = project.catalog.file(name);
  return source && new TextMap(document, source);
}

export function hover(asked: Asked, position: Position): Hover | undefined {
  const map = mapOf(asked);
  const found = map && hoverAt(asked.project.catalog, asked.name, map.offset(position));
  return found && { contents: { kind: 'markdown', value: found.text }, range: map.range(found.range) };
}

/** `textOf`: what the editor has of a file, if it has it open. */
export async function definition(
  asked: Asked,
  position: Position,
  opened: (uri: string) => TextDocument | undefined,
): Promise<LocationLink[]> {
  const map = mapOf(asked);
  const { project, name } = asked;
  const found = map && definitionAt(project.catalog, name, map.offset(position));
  if (!found) return [];
  const originSelectionRange = map.range(found.origin);
  if (found.kind === 'task') {
    const place = await taskPlace(project, found.name, found.version);
    return place ? [{ originSelectionRange, targetUri: place.uri, targetRange: place.range, targetSelectionRange: place.range }] : [];
  }
  const targetUri = found.file === name ? asked.document.uri : pathToFileURL(project.file(found.file)).href;
  const source = project.catalog.file(found.file);
  const document = found.file === name ? asked.document : (opened(targetUri) ?? (await onDisk(targetUri, project.file(found.file))));
  if (!source || !document) return [];
  const targetRange = new TextMap(document, source).range(found.range);
  return [{ originSelectionRange, targetUri, targetRange, targetSelectionRange: targetRange }];
}

async function onDisk(uri: string, file: string): Promise<TextDocument | undefined> {
  try {
    return TextDocument.create(uri, 'yaml', 0, await readFile(file, 'utf8'));
  } catch {
    // Gone since it was read: there is nowhere to go to.
    return undefined;
  }
}

const completionKinds: { [kind in Completion['kind']]: CompletionItemKind } = {
  task: CompletionItemKind.Module,
  workflow: CompletionItemKind.Module,
  name: CompletionItemKind.Variable,
  field: CompletionItemKind.Field,
  function: CompletionItemKind.Function,
  value: CompletionItemKind.Value,
};

export function completions(asked: Asked, position: Position): CompletionItem[] {
  const map = mapOf(asked);
  if (!map) return [];
  return completionsAt(asked.project.catalog, asked.name, map.offset(position)).map(
    ({ kind, label, newText, range, filter, detail, text }) => ({
      label,
      kind: completionKinds[kind],
      // Names of the manifest before functions.
      sortText: `${kind === 'function' ? 1 : 0}${label}`,
      textEdit: { range: map.range(range), newText },
      ...(filter === undefined ? {} : { filterText: filter }),
      ...(detail === undefined ? {} : { detail }),
      ...(text === undefined ? {} : { documentation: { kind: 'markdown', value: text } }),
    }),
  );
}

/** The fixes of findings in a range, and all of them at once. `only`: the kinds that are asked for. */
export function actions(asked: Asked, range: Range, only: readonly string[] | undefined): CodeAction[] {
  const map = mapOf(asked);
  if (!map) return [];
  const { document, project, name } = asked;
  const wanted = (kind: string) => only === undefined || only.some((prefix) => kind === prefix || kind.startsWith(`${prefix}.`));
  const found: CodeAction[] = [];
  const findings = project.catalog.diagnostics(name);
  if (wanted(CodeActionKind.QuickFix)) {
    for (const finding of findings) {
      if (!finding.fix || !touches(map.range(finding.range), range)) continue;
      const edit = { range: map.range(finding.fix.range), newText: finding.fix.newText };
      found.push({
        title: fixTitle(finding.fix, document.getText(edit.range)),
        kind: CodeActionKind.QuickFix,
        isPreferred: true,
        diagnostics: [diagnosticOf(finding, map)],
        edit: { changes: { [document.uri]: [edit] } },
      });
    }
  }
  if (wanted(FIX_ALL) && findings.some(({ fix }) => fix)) {
    const newText = project.catalog.fixed(name);
    if (newText !== undefined && newText !== project.catalog.file(name)?.text) {
      const edit = { range: map.whole(), newText };
      found.push({ title: 'Apply all fixes of maestro lint', kind: FIX_ALL, edit: { changes: { [document.uri]: [edit] } } });
    }
  }
  return found;
}

function touches(a: Range, b: Range): boolean {
  const before = (x: Position, y: Position) => x.line < y.line || (x.line === y.line && x.character < y.character);
  return !before(a.end, b.start) && !before(b.end, a.start);
}

function fixTitle({ newText }: Fix, old: string): string {
  const short = (text: string) => {
    const line = text.trim().replace(/\s+/g, ' ');
    return line.length > 40 ? `${line.slice(0, 39)}…` : line;
  };
  if (newText.trim() === '') return `Remove ${short(old)}`;
  return old.trim() === '' ? `Insert ${short(newText)}` : `Replace ${short(old)} with ${short(newText)}`;
}

const symbolKinds: { [kind in Outline['kind']]: SymbolKind } = {
  manifest: SymbolKind.Module,
  task: SymbolKind.Function,
  parameter: SymbolKind.Variable,
};

export function symbols(asked: Asked): DocumentSymbol[] {
  const map = mapOf(asked);
  if (!map) return [];
  const symbol = ({ kind, name, detail, range, selection, children }: Outline): DocumentSymbol => ({
    name,
    detail,
    kind: symbolKinds[kind],
    range: map.range(range),
    selectionRange: map.range(selection),
    children: children.map(symbol),
  });
  return outlineOf(asked.project.catalog, asked.name).map(symbol);
}
