import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as protocol from 'vscode-languageserver-protocol/node';
import type { Figure } from './figure.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const BIN = path.join(ROOT, 'packages', 'cli', 'bin', 'maestro.js');
const FILES = 100;
const EDITS = 200;
const ROUNDS = 3;
const LIMIT_MS = 100;

/** From a change in the editor to its diagnostics, waiting for more changes included; beside it `maestro lint` of the catalog. */
export async function lspDiagnostics(): Promise<Figure[]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'maestro-bench-lsp-'));
  try {
    mkdirSync(path.join(dir, 'runbooks'));
    for (let n = 0; n < FILES; n++) writeFileSync(path.join(dir, 'runbooks', `flow-${n}.yaml`), manifests(n));
    const text = manifests(7);
    const lines = text.split('\n').length;
    const times = await editTimes(dir, path.join(dir, 'runbooks', 'flow-7.yaml'), text);
    // The middle of the rounds: other work on the machine comes in gusts.
    const rounds = Array.from({ length: ROUNDS }, (_, round) => times.slice(round * EDITS, (round + 1) * EDITS));
    const p95 = percentile(
      rounds.map((round) => percentile(round, 0.95)),
      0.5,
    );
    const note = `p50 ${percentile(times, 0.5).toFixed(1)} ms, most ${percentile(times, 1).toFixed(1)} ms`;
    const full = fullRun(dir);
    const what = `diagnostics of a file of ${lines} lines after a change, p95 of ${EDITS}, in a catalog of ${FILES} files`;
    const figure = { unit: 'ms', ours: p95, better: 'lower' as const, note };
    return [
      { ...figure, figure: what, other: LIMIT_MS, otherName: 'the limit', ratio: p95 / LIMIT_MS, must: 1, holds: p95 <= LIMIT_MS },
      { ...figure, figure: what, other: full, otherName: 'maestro lint', ratio: p95 / full, must: 0.2, holds: p95 <= 0.2 * full },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A runbook and its workflow of 300 lines, which uses the workflow of the file before: eight hang together. */
function manifests(n: number): string {
  const tasks = Array.from({ length: 46 }, (_, i) => {
    const needs = i === 0 ? '' : `\n      needs: [wait-${i - 1}]`;
    const ms = i === 0 ? '${params.pause + 1}' : `\${tasks["wait-${i - 1}"].output.slept + ${i}}`;
    return `    - id: wait-${i}\n      uses: tasks/wait.sleep@0.1.0${needs}\n      timeout: 5m\n      with:\n        ms: ${ms}\n`;
  });
  if (n % 8 !== 0)
    tasks.push(`    - id: before\n      uses: workflows/flow-${n - 1}@1.0.0\n      with:\n        pause: \${params.pause}\n`);
  return `apiVersion: maestro/v1
kind: Runbook
metadata: { name: flow-${n}, version: 1.0.0, owner: bench@here }
spec:
  type: demo
  inputs:
    - { name: pause, type: integer, required: true }
  workflowRef: flow-${n}@1.0.0
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: flow-${n}, version: 1.0.0 }
spec:
  parameters:
    - name: pause
      type: integer
      required: true
  tasks:
${tasks.join('')}  outputs:
    slept: \${tasks["wait-45"].output.slept}
`;
}

async function editTimes(dir: string, file: string, text: string): Promise<number[]> {
  const child = spawn(process.execPath, [BIN, 'lsp', '--stdio'], { cwd: dir, stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = protocol.createProtocolConnection(
    new protocol.StreamMessageReader(child.stdout),
    new protocol.StreamMessageWriter(child.stdin),
  );
  let told = (_version: number | undefined, _findings: number): void => {};
  connection.onNotification(protocol.PublishDiagnosticsNotification.type, ({ version, diagnostics }) => told(version, diagnostics.length));
  connection.listen();
  const findings = (version: number) =>
    new Promise<number>((resolve) => {
      told = (of, count) => {
        if (of === version) resolve(count);
      };
    });
  const rootUri = pathToFileURL(dir).href;
  const uri = pathToFileURL(file).href;
  await connection.sendRequest(protocol.InitializeRequest.type, {
    processId: process.pid,
    rootUri,
    workspaceFolders: null,
    capabilities: {},
  });
  await connection.sendNotification(protocol.InitializedNotification.type, {});
  const opened = findings(1);
  await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: 'yaml', version: 1, text },
  });
  if ((await opened) !== 0) throw new Error('the generated catalog has findings');
  const line = text.split('\n').findIndex((content) => content.includes('params.pause + 1'));
  const character = (text.split('\n')[line] as string).indexOf('pause');
  const times: number[] = [];
  for (let version = 2; version < ROUNDS * EDITS + 2; version++) {
    // A letter is typed, which is a mistake, and taken back.
    const typed = version % 2 === 0;
    const change = typed
      ? { range: { start: { line, character }, end: { line, character } }, text: 'x' }
      : { range: { start: { line, character }, end: { line, character: character + 1 } }, text: '' };
    const begin = performance.now();
    const answer = findings(version);
    await connection.sendNotification(protocol.DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version },
      contentChanges: [change],
    });
    const count = await answer;
    times.push(performance.now() - begin);
    if (count > 0 !== typed) throw new Error(`edit ${version}: ${count} findings`);
  }
  await connection.sendRequest(protocol.ShutdownRequest.type);
  await connection.sendNotification(protocol.ExitNotification.type);
  connection.dispose();
  return times;
}

/** Of `maestro lint`, the middle of three. */
function fullRun(dir: string): number {
  const times = [0, 1, 2].map(() => {
    const begin = performance.now();
    const { status, stdout } = spawnSync(process.execPath, [BIN, 'lint'], { cwd: dir, encoding: 'utf8' });
    if (status !== 0) throw new Error(`maestro lint: exit code ${status}\n${stdout.slice(0, 2_000)}`);
    return performance.now() - begin;
  });
  return percentile(times, 0.5);
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
