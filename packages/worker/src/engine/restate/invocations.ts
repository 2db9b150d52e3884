import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, TaskError } from '@summit/maestro-sdk';
import type { ActiveRun, PendingDecision, RunProblem, RunResult } from '../../run.ts';
import { messageOf, refused, unknownRun } from './answer.ts';
import type { RestateApi, Row } from './api.ts';
import { problemOf, problemOfPause } from './problem.ts';
import { poolOf, SERVICE } from './service-name.ts';

const TIMEOUT_MS = 30_000;
/** How long the engine may take to pause a run of which nothing is on, and how often it is asked, in milliseconds. */
const PAUSE_MS = 2_000;
const PAUSE_AGAIN_MS = 25;
/** More than the engine takes to find that a worker does not answer, in milliseconds. */
const TRY_MS = 15_000;
/** As `isRetried`, or paused. */
const FAILING = "(status in ('backing-off', 'paused') or status = 'running' and last_failure is not null)";

/** The runs as Restate sees them: invocations of one workflow, which its admin API lists, cancels, pauses and resumes. */
export class RunInvocations {
  readonly #client: RestateApi;

  constructor(client: RestateApi) {
    this.#client = client;
  }

  /** Runs that have not ended, oldest first; of the run `runId` only, where that is given. */
  async active(runId?: string): Promise<ActiveRun[]> {
    const only = runId === undefined ? '' : ` and target_service_key = '${runId}'`;
    const rows = await this.#rows(`and status <> 'completed'${only}`);
    if (rows.length === 0) return [];
    const key = runId === undefined ? '' : ` and service_key = '${runId}'`;
    const states = await this.#client.query(
      `select service_key, value_utf8 from state where service_name = '${SERVICE}' and key = 'pending'${key}`,
    );
    const pending = new Map(states.map((row) => [row.service_key, JSON.parse(row.value_utf8 ?? '[]') as PendingDecision[]]));
    const pauses = await this.#pauses(rows.filter(({ status }) => status === 'paused'));
    const pools = await this.#poolProblems(runId === undefined ? undefined : rows[0]?.id);
    return rows.map((row) => {
      const id = row.target_service_key ?? '';
      const waiting = pending.get(id) ?? [];
      const problem = row.status === 'paused' ? pauses.get(row.id) : isRetried(row) ? problemOf(row) : pools.get(row.id)?.problem;
      const state = stateOf(row, problem, waiting);
      const run: ActiveRun = { runId: id, state: state === 'running' ? (pools.get(row.id)?.state ?? state) : state, pending: waiting };
      if (problem !== undefined) run.problem = problem;
      return run;
    });
  }

  /** True when the engine has heard of the run. */
  async knows(runId: string): Promise<boolean> {
    return (await this.#rows(`and target_service_key = '${runId}'`)).length > 0;
  }

  /** Tells a run to stop what it does and to undo what it did; also one that is paused. Throws `RUN_ENDED`, `RUN_UNKNOWN`. */
  async cancel(runId: string): Promise<void> {
    await this.#patch(runId, 'cancel', 'cancelled');
  }

  /** Ends a run in the engine, at once: its code is not asked, nothing is undone. Throws `RUN_ENDED`, `RUN_UNKNOWN`. */
  async kill(runId: string): Promise<void> {
    await this.#patch(runId, 'kill', 'killed');
  }

  /** Has the engine begin nothing more of a run; attempts that are on come to their end. Throws `RUN_ENDED`, `RUN_UNKNOWN`. */
  async pause(runId: string): Promise<void> {
    const end = performance.now() + PAUSE_MS;
    for (;;) {
      const { status, id } = await this.#unended(runId);
      if (status === 'paused') return;
      // Where attempts are on that is when they have ended.
      if (performance.now() > end && status !== 'suspended') return;
      if (performance.now() > end)
        throw TaskError.transient('RUN_BUSY', `run ${runId} came to rest again and again before it could be paused; try once more`);
      // The engine lets one that is at rest be, and would have it go on as soon as there is something to do: it is woken to be paused.
      if (status === 'suspended') await this.#client.admin('PATCH', `/invocations/${id}/resume`, { timeoutMs: TIMEOUT_MS });
      await this.#patch(runId, 'pause', 'paused');
      await delay(PAUSE_AGAIN_MS);
    }
  }

  /**
   * Has a run that is paused or waits for its next try go on now; with `deployment` on another version of the worker (its id, or `latest`), also
   * one that waits for a decision or the clock.
   * Throws `RUN_ENDED`, `RUN_UNKNOWN`, `DEPLOYMENT_UNSUITABLE`, and `RUN_NOT_STUCK` for a run that is on.
   */
  async resume(runId: string, deployment?: string): Promise<void> {
    const row = await this.#tried(runId);
    if (deployment !== undefined && (row.status === 'suspended' || isHalted(row))) return this.#move(runId, row, deployment);
    if (!isHalted(row)) {
      if (await this.#resumeInPools(row)) return;
      const how = deployment === undefined ? '' : '; pause it first, and it can be moved when what is on has ended';
      const what =
        row.status === 'suspended' ? 'it waits for a decision, the clock or a pool' : `the engine says it is ${row.status ?? 'unknown'}`;
      throw TaskError.terminal('RUN_NOT_STUCK', `run ${runId} is not paused: ${what}${how}`);
    }
    const answer = await this.#client.admin('PATCH', `/invocations/${row.id}/resume`, { timeoutMs: TIMEOUT_MS });
    // 409: it went on by itself meanwhile.
    if (answer.status >= 300 && answer.status !== 409) throw refused(`run ${runId} cannot be resumed`, answer);
  }

  /** Has a run of which nothing is on go on with another version of the worker. One that cannot stays as it was. */
  async #move(runId: string, { id, status }: Row, deployment: string): Promise<void> {
    const resume = (query: string) => this.#client.admin('PATCH', `/invocations/${id}/resume${query}`, { timeoutMs: TIMEOUT_MS });
    // The engine moves what is paused, and nothing else.
    await this.pause(runId);
    const paused = (await this.#unended(runId)).status === 'paused';
    const answer = paused ? await resume(`?deployment=${encodeURIComponent(deployment)}`) : undefined;
    if (answer !== undefined && answer.status < 300) return;
    if (status !== 'paused') await resume('');
    const deployments = await this.#client.query('select id, endpoint, created_at from sys_deployment order by created_at desc');
    const known = deployments.map(({ id, endpoint }) => `${id} (${endpoint ?? 'no address'})`).join(', ');
    const why = answer === undefined ? 'it went on meanwhile' : messageOf(answer);
    throw TaskError.terminal(
      'DEPLOYMENT_UNSUITABLE',
      `run ${runId} cannot go on with deployment "${deployment}": ${why}; there are: ${known || 'none'}`,
    );
  }

  /**
   * Has the engine try again now what it had put off because no worker answered, and what it had given up on. What a person has
   * paused stays so. With `deployment`: of what began with that one.
   */
  async resumeAll(deployment?: string): Promise<void> {
    const mine =
      deployment === undefined ? '' : ` and (pinned_deployment_id = '${deployment}' or last_attempt_deployment_id = '${deployment}')`;
    const rows = await this.#client.query(
      `select id, status from sys_invocation where (target_service_name = '${SERVICE}' or target_service_name like 'Pool-%') and status in ('backing-off', 'paused')${mine}`,
    );
    const pauses = await this.#pauses(rows.filter(({ status }) => status === 'paused'));
    for (const { id, status } of rows) {
      if (status === 'paused' && pauses.get(id) === undefined) continue;
      const answer = await this.#client.admin('PATCH', `/invocations/${id}/resume`, { timeoutMs: TIMEOUT_MS });
      // 409: it went on by itself meanwhile.
      if (answer.status >= 300 && answer.status !== 409 && answer.status !== 404)
        throw refused(`invocation ${id} cannot be resumed`, answer);
    }
  }

  /** Has the engine pause an invocation that this worker's code cannot go on with, instead of trying again and again. */
  setAside(invocation: string, log?: Logger): void {
    void this.#client
      .admin('PATCH', `/invocations/${invocation}/pause`, { timeoutMs: TIMEOUT_MS })
      .catch((error: Error) => log?.error(`invocation ${invocation} could not be paused: ${error.message}`));
  }

  /** Has the attempts that a run sent to pools tried again now; false where there are none to try. */
  async #resumeInPools(run: Row): Promise<boolean> {
    const rows = await this.#client.query(
      `select id from sys_invocation where target_service_name like 'Pool-%' and ${FAILING} and invoked_by_id = '${run.id}'`,
    );
    for (const { id } of rows) await this.#client.admin('PATCH', `/invocations/${id}/resume`, { timeoutMs: TIMEOUT_MS });
    return rows.length > 0;
  }

  async #patch(runId: string, what: 'cancel' | 'kill' | 'pause', done: string): Promise<void> {
    const { id } = await this.#unended(runId);
    const answer = await this.#client.admin('PATCH', `/invocations/${id}/${what}`, { timeoutMs: TIMEOUT_MS });
    if (answer.status < 300) return;
    // It may have ended between the two requests.
    await this.#unended(runId);
    throw refused(`run ${runId} cannot be ${done}`, answer);
  }

  /** The run as it is when it is not just being tried again: whether that fails, too, shows soon. */
  async #tried(runId: string): Promise<Row> {
    const end = performance.now() + TRY_MS;
    for (;;) {
      const row = await this.#unended(runId);
      if (!isTried(row) || performance.now() > end) return row;
      await delay(PAUSE_AGAIN_MS);
    }
  }

  async #unended(runId: string): Promise<Row> {
    const rows = await this.#rows(`and target_service_key = '${runId}'`);
    const row = rows.find(({ status }) => status !== 'completed');
    if (row !== undefined) return row;
    if (rows.length === 0) throw unknownRun(runId);
    const how = await this.#result(runId);
    throw TaskError.terminal('RUN_ENDED', `run ${runId} has ended${how === undefined ? '' : `: it ${HOW[how.status]}`}`, {
      details: how === undefined ? undefined : { status: how.status },
    });
  }

  /** The result of a run that has ended; undefined where it ended in the engine, e.g. because it was killed. */
  async #result(runId: string): Promise<RunResult | undefined> {
    try {
      return await this.#client.attach(runId, AbortSignal.timeout(TIMEOUT_MS));
    } catch (error) {
      if (error instanceof TaskError) return undefined;
      throw error;
    }
  }

  /** Why the engine paused each of `rows`; of those that a person has paused, nothing. */
  async #pauses(rows: readonly Row[]): Promise<Map<string | undefined, RunProblem>> {
    const problems = new Map<string | undefined, RunProblem>();
    if (rows.length === 0) return problems;
    const ids = rows.map(({ id }) => `'${id}'`).join(', ');
    const events = await this.#client.query(
      `select id, appended_at, event_type, event_json from sys_journal_events where event_type in ('Paused', 'TransientError') and id in (${ids}) order by appended_at`,
    );
    const failures = new Map<string | undefined, Row[]>();
    for (const event of events) {
      const { id, event_type: type } = event;
      const before = failures.get(id) ?? [];
      failures.set(id, before);
      if (type === 'TransientError') {
        before.push(event);
        continue;
      }
      const problem = problemOfPause(event, before);
      // The last pause counts: it may have been resumed and paused by hand since.
      if (problem === undefined) problems.delete(id);
      else problems.set(id, problem);
    }
    return problems;
  }

  /** Of runs, by invocation, why an attempt that they sent to a pool does not get on. */
  async #poolProblems(run: string | undefined): Promise<Map<string | undefined, { state: 'retrying' | 'stuck'; problem: RunProblem }>> {
    const of = run === undefined ? '' : ` and invoked_by_id = '${run}'`;
    const rows = await this.#client.query(
      `select id, target_service_name, invoked_by_id, status, retry_count, next_retry_at, last_failure, last_failure_error_code from sys_invocation where target_service_name like 'Pool-%' and ${FAILING}${of}`,
    );
    const pauses = await this.#pauses(rows.filter(({ status }) => status === 'paused'));
    return new Map(
      rows.flatMap((row) => {
        const paused = row.status === 'paused';
        const problem = paused ? pauses.get(row.id) : problemOf(row);
        if (problem === undefined) return [];
        const named = { ...problem, message: `pool ${poolOf(row.target_service_name ?? '')}: ${problem.message}` };
        return [[row.invoked_by_id, { state: paused ? ('stuck' as const) : ('retrying' as const), problem: named }]];
      }),
    );
  }

  #rows(condition: string): Promise<Row[]> {
    return this.#client.query(
      `select id, target_service_key, status, retry_count, next_retry_at, last_failure, last_failure_error_code, pinned_deployment_id from sys_invocation where target_service_name = '${SERVICE}' and target_handler_name = 'run' ${condition} order by created_at`,
    );
  }
}

const HOW: Record<RunResult['status'], string> = { succeeded: 'succeeded', failed: 'failed', cancelled: 'was cancelled' };

/** Nothing of it is on, and it waits for its next try or to be resumed. */
function isHalted({ status }: Row): boolean {
  return status === 'paused' || status === 'backing-off';
}

/** A try is on after one that failed; as soon as it gets on, the engine forgets that failure. */
function isTried({ status, last_failure: failure }: Row): boolean {
  return status === 'running' && failure !== undefined;
}

/** It does not get on: the last try failed. */
function isRetried(row: Row): boolean {
  return row.status === 'backing-off' || isTried(row);
}

function stateOf(row: Row, problem: RunProblem | undefined, pending: readonly PendingDecision[]): ActiveRun['state'] {
  if (row.status === 'paused') return problem === undefined ? 'paused' : 'stuck';
  if (pending.length > 0) return 'waiting';
  return isRetried(row) ? 'retrying' : 'running';
}
