import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '@summit/maestro-sdk';
import type { RunInput } from '../../interpreter/run-input.ts';
import type { DecisionInput, RunResult } from '../../run.ts';
import { messageOf, refused, unknownRun } from './answer.ts';
import type { RestateApi, Row } from './api.ts';
import { type Endpoint, endpointOf, type HttpAnswer, type RequestOptions, request, Unreachable, where } from './http.ts';
import { RunInvocations } from './invocations.ts';
import { poolOf, SERVICE, TOO_EARLY } from './service-name.ts';

/** How long a run that is on may take to ask what is being answered, and how often it is looked. In milliseconds. */
const ASKED_MS = 2_000;
const AGAIN_MS = 50;

/** Run ids go into URLs and queries. */
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Refuses what cannot be a run id, with `RUN_ID_INVALID`. */
export function checkRunId(runId: string): void {
  if (!RUN_ID.test(runId)) throw TaskError.terminal('RUN_ID_INVALID', `"${runId}" is no run id: letters, digits, "-" and "_", at most 64`);
}

/** Everything Maestro asks of a Restate server: its ingress and its admin API. */
export class RestateClient implements RestateApi {
  readonly #ingress: Endpoint;
  readonly #adminApi: Endpoint;
  /** The runs as Restate lists them. */
  readonly runs = new RunInvocations(this);

  constructor(ingress: Endpoint, admin: Endpoint) {
    this.#ingress = ingress;
    this.#adminApi = admin;
  }

  /** For a server, or the nodes of a cluster, at these base URLs. */
  static at(ingressUrl: string | readonly string[], adminUrl: string | readonly string[]): RestateClient {
    return new RestateClient(endpointOf(ingressUrl), endpointOf(adminUrl));
  }

  /** The admin API as a person would name it. */
  get adminAddress(): string {
    return where(this.#adminApi);
  }

  /** True when partitions are up and queries are answered; `/health` says yes too early. */
  async ready(): Promise<boolean> {
    const answer = await this.query('select count(*) as n from sys_invocation', 2_000).catch(() => undefined);
    return answer !== undefined;
  }

  /** Starts a run; starting the same run again changes nothing, and returns false. */
  start(run: RunInput): Promise<boolean> {
    return this.send(SERVICE, run.runId, run);
  }

  /** Starts the workflow `service` under `key`; false when it was started before. */
  async send(service: string, key: string, input: unknown): Promise<boolean> {
    const answer = await request(this.#ingress, 'POST', `/${service}/${key}/run/send`, { body: input, timeoutMs: 30_000 });
    if (answer.status === 503) throw new Unreachable(`${where(this.#ingress)}: 503 ${messageOf(answer)}`);
    if (answer.status === 404) {
      throw TaskError.terminal(
        'WORKER_MISSING',
        `run ${key} was not accepted: no worker has ever joined the engine at ${where(this.#ingress)}; start one, and then the run`,
      );
    }
    if (answer.status >= 300) throw refused(`run ${key} was not accepted by ${where(this.#ingress)}`, answer);
    return (JSON.parse(answer.body) as { status?: string }).status === 'Accepted';
  }

  /** Waits for a run to end. Rejects with `Unreachable` when the server goes away meanwhile, `RUN_UNKNOWN` when there is no such run. */
  async attach(runId: string, signal?: AbortSignal): Promise<RunResult> {
    return (await this.result(SERVICE, runId, signal)) as RunResult;
  }

  /** Waits for the workflow `service` under `key` to end, and returns what it returned. */
  async result(service: string, key: string, signal?: AbortSignal): Promise<unknown> {
    const answer = await request(this.#ingress, 'GET', `/restate/workflow/${service}/${key}/attach`, signal ? { signal } : {});
    if (answer.status === 503) throw new Unreachable(`${where(this.#ingress)}: 503 ${messageOf(answer)}`);
    if (answer.status === 404) throw unknownRun(key);
    if (answer.status >= 300) throw refused(`run ${key} ended in the engine`, answer);
    return JSON.parse(answer.body);
  }

  async decide(runId: string, decision: DecisionInput): Promise<void> {
    const ask = () => request(this.#ingress, 'POST', `/${SERVICE}/${runId}/decide`, { body: decision, timeoutMs: 30_000 });
    let answer = await ask();
    // Who hears of a question by its event may be faster than the engine.
    for (const end = performance.now() + ASKED_MS; answer.status === TOO_EARLY && performance.now() < end; answer = await ask()) {
      if ((await this.runs.active(runId)).length === 0) break;
      await delay(AGAIN_MS);
    }
    if (answer.status < 300) return;
    if (answer.status === 503) throw new Unreachable(`${where(this.#ingress)}: 503 ${messageOf(answer)}`);
    if (!(await this.runs.knows(runId))) throw unknownRun(runId);
    throw TaskError.terminal('DECISION_REFUSED', `run ${runId}: ${messageOf(answer)}`);
  }

  /** How many runs have not ended. */
  async unfinished(): Promise<number> {
    const [row] = await this.query(
      `select count(*) as n from sys_invocation where target_service_name = '${SERVICE}' and target_handler_name = 'run' and status <> 'completed'`,
    );
    return Number(row?.n ?? 0);
  }

  /** The pools that some worker has registered for; whether one answers shows in the runs. */
  async pools(): Promise<Set<string>> {
    const rows = await this.query("select name from sys_service where name like 'Pool-%'");
    return new Set(rows.flatMap(({ name = '' }) => poolOf(name) ?? []));
  }

  /** True when some worker has registered; whether it answers shows in the runs. */
  async served(): Promise<boolean> {
    return (await this.query(`select name from sys_service where name = '${SERVICE}'`)).length > 0;
  }

  /** Adds this worker to the engine's deployments. */
  async register(uri: string): Promise<void> {
    const added = await this.admin('POST', '/deployments', { body: { uri }, timeoutMs: 30_000 });
    if (added.status >= 300) throw refused(`worker ${uri} cannot be registered at ${where(this.#adminApi)}`, added);
  }

  /** Points an engine of our own to this worker: new runs, and the ones that began with a worker at another address. */
  async takeOver(uri: string): Promise<void> {
    const listed = await this.admin('GET', '/deployments', { timeoutMs: 30_000 });
    if (listed.status >= 300) throw refused(`deployments of ${where(this.#adminApi)} cannot be read`, listed);
    const { deployments } = JSON.parse(listed.body) as { deployments: { id: string }[] };
    for (const { id } of deployments) {
      const moved = await this.admin('PATCH', `/deployments/${id}`, { body: { uri, overwrite: true }, timeoutMs: 30_000 });
      if (moved.status >= 300) throw refused(`worker ${uri} cannot take over from an earlier one at ${where(this.#adminApi)}`, moved);
    }
    if (deployments.length === 0) await this.register(uri);
  }

  /** A request to the admin API. While the server finds its feet after a crash it answers 5xx, which is as good as no answer. */
  async admin(method: string, path: string, options: RequestOptions): Promise<HttpAnswer> {
    const answer = await this.adminAnswer(method, path, options);
    if (answer.status >= 500) throw new Unreachable(`${where(this.#adminApi)}: ${answer.status} ${messageOf(answer)}`);
    return answer;
  }

  /** The same, whatever the answer is: of a worker that Restate cannot talk to, it tells with 5xx as well. */
  adminAnswer(method: string, path: string, options: RequestOptions): Promise<HttpAnswer> {
    return request(this.#adminApi, method, path, options);
  }

  /** What Restate's tables say. */
  async query(query: string, timeoutMs = 30_000): Promise<Row[]> {
    const answer = await this.admin('POST', '/query', { body: { query }, timeoutMs });
    if (answer.status >= 300) throw refused(`query to ${where(this.#adminApi)} failed`, answer);
    return (JSON.parse(answer.body) as { rows: Row[] }).rows;
  }
}
