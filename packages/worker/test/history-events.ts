import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgres } from '@summit/maestro-services';
import pg from 'pg';
import type { RunEvent, RunEventType } from '../src/run.ts';

/** Makes events of one run as the interpreter does. */
export function eventsOf(runId: string, ref = 'deploy@1.2.0', start = Date.parse('2026-03-01T12:00:00Z')) {
  let sequence = 0;
  let at = start;
  const make = (key: string, type: RunEventType, data: RunEvent['data']): RunEvent => {
    at += 7;
    return {
      specversion: '1.0',
      id: `${runId}/${key}`,
      source: `maestro/${ref}`,
      type,
      time: new Date(at).toISOString(),
      subject: runId,
      data,
    };
  };
  return {
    queued: (data: RunEvent['data'] = {}) =>
      make('queued', 'run.queued', { ref, planDigest: 'sha256:a', initiator: { id: 'alice', roles: ['sre'] }, inputs: { n: 1 }, ...data }),
    emit: (type: RunEventType, data: RunEvent['data'] = {}) => make(String(sequence++), type, data),
    log: (task: string, n: number, message: string) => make(`${task}/1/${n}`, 'task.log', { task, attempt: 1, level: 'info', message }),
    wait: (ms: number) => {
      at += ms;
    },
  };
}

/** A run with a bit of everything: an approval by two, a list, a sub-workflow, a retry, a gate, a failure, compensation, a hook. */
export function fullRun(runId: string, start?: number): RunEvent[] {
  const run = eventsOf(runId, 'deploy@1.2.0', start);
  const ask = (name: string, roles: string[], needed: number) =>
    run.emit('run.awaiting-approval', {
      name,
      needed,
      pending: roles.map((role) => ({ name, role, initiator: 'alice', allowSelfApproval: false })),
    });
  const decided = (name: string, role: string) =>
    run.emit('decision.made', { name, role, by: `${role}-person`, approved: true, at: '2026-03-01T12:00:01Z' });
  const error = { code: 'TERMINAL', message: 'it does not work\0 at all', task: 'boom' };
  return [
    run.queued(),
    ask('approval', ['ops', 'legal'], 2),
    decided('approval', 'ops'),
    decided('approval', 'legal'),
    run.emit('run.started', { ref: 'deploy@1.2.0', planDigest: 'sha256:a', tasks: ['list', 'sub', 'gate', 'boom', 'after'] }),
    run.emit('task.started', { task: 'list', uses: 'tasks/echo@0.1.0', items: 2 }),
    run.emit('task.item-started', { task: 'list', item: 0 }),
    run.emit('task.item-started', { task: 'list', item: 1 }),
    run.emit('task.attempt-failed', { task: 'list', item: 1, attempt: 1, error: { code: 'TRY_AGAIN', message: 'later' }, retryInMs: 10 }),
    run.emit('task.item-succeeded', { task: 'list', item: 0, attempts: 1, output: { n: 0 }, done: 1, total: 2 }),
    run.log('list[1]', 0, 'hello \u{1f642} \ud800'),
    run.emit('task.item-succeeded', { task: 'list', item: 1, attempts: 2, output: { n: 1 }, done: 2, total: 2 }),
    run.emit('task.succeeded', { task: 'list', attempts: 3, output: [{ n: 0 }, { n: 1 }], items: { total: 2, succeeded: 2, failed: 0 } }),
    run.emit('task.started', { task: 'sub', uses: 'workflows/sub@1.0.0' }),
    run.emit('task.started', { task: 'sub/one', uses: 'tasks/echo@0.1.0' }),
    run.emit('task.succeeded', { task: 'sub/one', attempts: 1, output: 'x' }),
    run.emit('task.succeeded', { task: 'sub', attempts: 1, output: {} }),
    run.emit('task.started', { task: 'gate', uses: 'tasks/ask@0.1.0' }),
    ask('gate#1/decision1', ['boss'], 1),
    run.emit('task.attempt-failed', { task: 'gate', attempt: 1, error: { code: 'TIMEOUT', message: 'too late' }, retryInMs: 5 }),
    ask('gate#2/decision1', ['boss'], 1),
    decided('gate#2/decision1', 'boss'),
    run.emit('task.succeeded', { task: 'gate', attempts: 2, output: {} }),
    run.emit('task.started', { task: 'boom', uses: 'tasks/fail@0.1.0' }),
    run.emit('task.attempt-failed', { task: 'boom', attempt: 1, error }),
    run.emit('task.failed', { task: 'boom', attempts: 1, status: 'failed', error }),
    run.emit('task.skipped', { task: 'after', reason: 'needs', need: 'boom', message: 'boom failed' }),
    run.emit('task.compensating', { task: 'list', item: 1, uses: 'tasks/undo@0.1.0' }),
    run.emit('task.compensated', { task: 'list', item: 1, attempts: 1 }),
    run.emit('task.compensating', { task: 'sub/one', uses: 'tasks/undo@0.1.0' }),
    run.emit('task.compensation-failed', { task: 'sub/one', attempts: 2, error: { code: 'X', message: 'no' } }),
    run.emit('task.started', { task: 'tell', uses: 'tasks/echo@0.1.0', phase: 'onFailure' }),
    run.emit('task.succeeded', { task: 'tell', attempts: 1, output: null }),
    run.emit('run.finished', { status: 'failed', tasks: { total: 6, succeeded: 4, failed: 1, skipped: 1, cancelled: 0 }, error }),
  ];
}

/** A folder that is gone after the test. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'maestro-history-'));
  file(name: string): string {
    return join(this.path, name);
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

let schemas = 0;

/** A schema of its own in the tests' database: its URL, and the way to ask it. */
export async function emptySchema(through?: { host: string; port: number }) {
  const server = await postgres();
  const schema = `history_${process.pid}_${schemas++}`;
  const admin = new pg.Client(server.url);
  await admin.connect();
  await admin.query(`drop schema if exists ${schema} cascade; create schema ${schema}; set search_path to ${schema}`);
  const url = new URL(server.url);
  if (through) url.host = `${through.host}:${through.port}`;
  url.searchParams.set('options', `-csearch_path=${schema}`);
  return {
    url: url.href,
    ask: async (sql: string) => (await admin.query(sql)).rows as Record<string, unknown>[],
    async [Symbol.asyncDispose]() {
      await admin.query(`drop schema ${schema} cascade`);
      await admin.end();
    },
  };
}
