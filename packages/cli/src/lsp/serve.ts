import {
  CodeActionKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  PositionEncodingKind,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver';
import { createConnection } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { type Asked, actions, completions, definition, FIX_ALL, hover, symbols } from './answers.ts';
import { errorText, Findings, manifestOf, pathOf } from './findings.ts';
import { Projects } from './projects.ts';
import { Watching } from './watching.ts';

/** `maestro lsp`: speaks with an editor until it says `exit`, its process ends, or it hangs up; the library then ends this process. */
export function serve({ io, globals, terminal }: Context): Promise<ExitCode> {
  if (io.isTTY.stdin)
    terminal.err.line('maestro lsp is for editors, which speak with it over standard input and output; see docs/editors.md');
  const connection = createConnection(io.stdin, io.stdout);
  const documents = new TextDocuments(TextDocument);
  const projects = new Projects(globals, io);
  const findings = new Findings(connection, documents, projects);
  const watching = new Watching(connection, projects, findings);

  let changesFolders = false;
  connection.onInitialize((params) => {
    projects.changeFolders(foldersOf(params));
    changesFolders = params.capabilities.workspace?.workspaceFolders === true;
    watching.byEditor = params.capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    return capabilities;
  });
  connection.onInitialized(() => {
    logged(connection, () => watching.register());
    if (!changesFolders) return;
    connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      projects.changeFolders(pathsOf(added), pathsOf(removed));
      findings.scheduleAll();
    });
  });
  documents.onDidChangeContent(({ document }) =>
    logged(connection, async () => {
      findings.schedule(document.uri);
      const file = pathOf(document.uri);
      if (file !== undefined) watching.watch(await projects.of(file));
    }),
  );
  documents.onDidClose(({ document }) =>
    logged(connection, async () => {
      const file = pathOf(document.uri);
      if (file !== undefined) await (await projects.of(file)).close(file);
      findings.forget(document.uri);
      findings.schedule();
    }),
  );

  /** Answers a question about a manifest; about anything else, and where it fails, with nothing. */
  const answer = async <T>(uri: string, work: (asked: Asked) => T | Promise<T>): Promise<T | null> => {
    try {
      const document = documents.get(uri);
      const found = document && (await manifestOf(projects, document));
      return found ? await work({ document, ...found }) : null;
    } catch (error) {
      connection.console.error(errorText(error));
      return null;
    }
  };
  connection.onHover(({ textDocument: { uri }, position }) => answer(uri, (asked) => hover(asked, position) ?? null));
  connection.onDefinition(({ textDocument: { uri }, position }) =>
    answer(uri, (asked) => definition(asked, position, (other) => documents.get(other))),
  );
  connection.onCompletion(({ textDocument: { uri }, position }) => answer(uri, (asked) => completions(asked, position)));
  connection.onCodeAction(({ textDocument: { uri }, range, context }) => answer(uri, (asked) => actions(asked, range, context.only)));
  connection.onDocumentSymbol(({ textDocument: { uri } }) => answer(uri, symbols));

  documents.listen(connection);
  connection.listen();
  return new Promise(() => {});
}

const capabilities: InitializeResult = {
  serverInfo: { name: 'maestro' },
  capabilities: {
    positionEncoding: PositionEncodingKind.UTF16,
    textDocumentSync: TextDocumentSyncKind.Incremental,
    hoverProvider: true,
    definitionProvider: true,
    documentSymbolProvider: true,
    completionProvider: { triggerCharacters: ['.', '{', '@', '/'] },
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] },
    workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
  },
};

function foldersOf({ workspaceFolders, rootUri }: InitializeParams): string[] {
  return pathsOf(workspaceFolders ?? (rootUri === null ? [] : [{ uri: rootUri }]));
}

function pathsOf(folders: readonly { uri: string }[]): string[] {
  return folders.flatMap(({ uri }) => pathOf(uri) ?? []);
}

/** Work that nobody waits for: what goes wrong is told in the editor's log. */
function logged(connection: Connection, work: () => Promise<void>): void {
  work().catch((error: unknown) => connection.console.error(errorText(error)));
}
