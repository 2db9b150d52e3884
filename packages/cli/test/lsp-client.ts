import { type ChildProcess, spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import {
  type CompletionItem,
  type CompletionList,
  CompletionRequest,
  createProtocolConnection,
  type Diagnostic,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  type Hover,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  LogMessageNotification,
  MessageType,
  type Position,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver-protocol/node';

/** An editor without a screen, connected to a language server that is a process of its own. */
export interface Editor {
  child: ChildProcess;
  connection: ProtocolConnection;
  result: InitializeResult;
  /** What the server wrote to stderr. */
  stderr(): string;
  /** Errors that the server wrote to the editor's log. */
  logged(): string[];
  open(file: string, text: string): void;
  close(file: string): Promise<void>;
  /** Incremental, with the next version. */
  change(file: string, changes: TextDocumentContentChangeEvent[]): void;
  /** The latest diagnostics of the latest version of a file, once they satisfy `until`. */
  diagnostics(file: string, until?: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]>;
  hover(file: string, position: Position): Promise<string>;
  completions(file: string, position: Position): Promise<CompletionItem[]>;
  /** `shutdown` and `exit`; resolves to the exit code. */
  stop(): Promise<number | null>;
  ended: Promise<number | null>;
}

export interface EditorOptions {
  /** The workspace. */
  folder: string;
  settings?: unknown;
  processId?: number;
  /** Whether the editor tells when files change; default true. */
  watches?: boolean;
}

/** Starts a server and says hello. It is killed when the test ends. */
export async function startEditor(command: string[], { folder, settings, processId, watches = true }: EditorOptions): Promise<Editor> {
  const child = spawn(process.execPath, command, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const connection = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
  const versions = new Map<string, number>();
  const latest = new Map<string, { version: number | undefined; diagnostics: Diagnostic[] }>();
  let wake: (() => void)[] = [];
  connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, version, diagnostics }) => {
    latest.set(uri, { version, diagnostics });
    for (const resolve of wake.splice(0)) resolve();
  });
  const log: string[] = [];
  connection.onNotification(LogMessageNotification.type, ({ type, message }) => {
    if (type === MessageType.Error) log.push(message);
  });
  connection.onRequest('workspace/configuration', ({ items }: { items: { section?: string }[] }) =>
    items.map(({ section }) => (settings as { [name: string]: unknown } | undefined)?.[section ?? ''] ?? {}),
  );
  connection.onRequest('client/registerCapability', () => null);
  connection.onRequest('custom/schema/request', () => null);
  connection.listen();
  const rootUri = pathToFileURL(folder).href;
  const result = await connection.sendRequest(InitializeRequest.type, {
    processId: processId ?? process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: 'test' }],
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true, didChangeWatchedFiles: { dynamicRegistration: watches } },
      textDocument: {
        completion: { completionItem: { documentationFormat: ['markdown', 'plaintext'], snippetSupport: true } },
        hover: { contentFormat: ['markdown'] },
        codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'source.fixAll'] } } },
      },
    },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidChangeConfigurationNotification.type, { settings: {} });
  const uriOf = (file: string) => pathToFileURL(file).href;
  return {
    child,
    connection,
    result,
    stderr: () => stderr,
    logged: () => log,
    close: (file) => connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri: uriOf(file) } }),
    open(file, text) {
      versions.set(uriOf(file), 1);
      void connection.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri: uriOf(file), languageId: 'yaml', version: 1, text },
      });
    },
    change(file, contentChanges) {
      const version = (versions.get(uriOf(file)) ?? 0) + 1;
      versions.set(uriOf(file), version);
      void connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: uriOf(file), version },
        contentChanges,
      });
    },
    async diagnostics(file, until = () => true) {
      for (;;) {
        const found = latest.get(uriOf(file));
        const current = found !== undefined && (found.version === undefined || found.version === versions.get(uriOf(file)));
        if (current && until(found.diagnostics)) return found.diagnostics;
        await new Promise<void>((resolve) => {
          wake = [...wake, resolve];
        });
      }
    },
    async hover(file, position) {
      const hover = (await connection.sendRequest(HoverRequest.type, { textDocument: { uri: uriOf(file) }, position })) as Hover | null;
      const contents = hover?.contents;
      return contents === undefined ? '' : typeof contents === 'object' && 'value' in contents ? contents.value : String(contents);
    },
    async completions(file, position) {
      const found = await connection.sendRequest(CompletionRequest.type, { textDocument: { uri: uriOf(file) }, position });
      return (found as CompletionList | null)?.items ?? (found as CompletionItem[] | null) ?? [];
    },
    async stop() {
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      return ended;
    },
    ended,
  };
}

/** Where `|` stands in a text, and the text without it. */
export function cursor(marked: string): { text: string; position: Position } {
  const at = marked.indexOf('|');
  const before = marked.slice(0, at).split('\n');
  return {
    text: marked.slice(0, at) + marked.slice(at + 1),
    position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 },
  };
}
