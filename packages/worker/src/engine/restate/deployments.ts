import { TaskError } from '@summit/maestro-sdk';
import type { WorkerVersion } from '../../worker-version.ts';
import { messageOf, refused } from './answer.ts';
import type { RestateClient } from './client.ts';
import { type HttpAnswer, Unreachable } from './http.ts';
import { poolOf, SERVICE } from './service-name.ts';
import { VERSION_HEADER, VERSION_KEY } from './version-check.ts';

const TIMEOUT_MS = 30_000;

/** A version of a worker, as Restate knows it: an address that never changes its code. */
export interface WorkerDeployment {
  /** Restate's, e.g. `dp_15XU2PZuajuxp8VIxUrfYrf`. */
  id: string;
  url: string;
  /** Id of the {@link WorkerVersion}; absent where whoever registered it was no Maestro worker of ours. */
  version?: string;
  /** The rest of the version, for people. */
  about?: string;
  /** RFC 3339. */
  createdAt: string;
  /** The pools it serves; `default`: it walks runs. */
  pools: string[];
  /** Of these pools, the ones whose new runs or attempts it gets. */
  current: string[];
  /** Runs and attempts that began with it and have not ended. */
  unfinished: number;
}

interface Listed {
  id: string;
  uri?: string;
  created_at: string;
  metadata?: Record<string, string>;
  services: { name: string }[];
}

/** The versions of workers that a Restate server knows. */
export class Deployments {
  readonly #client: RestateClient;

  constructor(client: RestateClient) {
    this.#client = client;
  }

  /** Those that serve Maestro, the newest first. */
  async list(): Promise<WorkerDeployment[]> {
    const { deployments } = await this.#get<{ deployments: Listed[] }>('/deployments');
    const { services } = await this.#get<{ services: { name: string; deployment_id: string }[] }>('/services');
    const current = new Map(services.map(({ name, deployment_id: id }) => [name, id]));
    const counts = await this.#client.query(
      "select pinned_deployment_id, count(*) as n from sys_invocation where status <> 'completed' group by pinned_deployment_id",
    );
    const unfinished = new Map(counts.map((row) => [row.pinned_deployment_id, Number(row.n)]));
    return deployments
      .flatMap((one): WorkerDeployment[] => {
        const names = one.services.map(({ name }) => name).filter((name) => poolNamed(name) !== undefined);
        if (names.length === 0 || one.uri === undefined) return [];
        const { [VERSION_KEY]: version, [ABOUT_KEY]: about } = one.metadata ?? {};
        return [
          {
            id: one.id,
            url: one.uri,
            ...(version === undefined ? {} : { version }),
            ...(about === undefined ? {} : { about }),
            createdAt: one.created_at,
            pools: names.map(poolNamed).filter((pool) => pool !== undefined),
            current: names
              .filter((name) => current.get(name) === one.id)
              .map(poolNamed)
              .filter((pool) => pool !== undefined),
            unfinished: unfinished.get(one.id) ?? 0,
          },
        ];
      })
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /**
   * Makes the worker at `url` known. A worker of the same version that is known there already is another replica of it. Throws
   * `DEPLOYMENT_CHANGED` where another version is known there, `WORKER_UNREACHABLE` and `IDENTITY_REFUSED` where Restate cannot talk to it.
   */
  async register(url: string, version: WorkerVersion): Promise<WorkerDeployment> {
    const known = await this.#at(url);
    if (known === undefined) {
      const answer = await this.#client.adminAnswer('POST', '/deployments', {
        body: {
          uri: url,
          additional_headers: { [VERSION_HEADER]: version.id },
          metadata: { [VERSION_KEY]: version.id, [ABOUT_KEY]: aboutVersion(version) },
        },
        timeoutMs: TIMEOUT_MS,
      });
      if (answer.status >= 300) throw notRegistered(url, this.#client.adminAddress, answer);
      // Behind a balancer the one that answered may be another.
      const { id, services } = JSON.parse(answer.body) as { id: string; services: { name: string; metadata?: Record<string, string> }[] };
      const found = services.find(({ name }) => poolNamed(name) !== undefined)?.metadata?.[VERSION_KEY];
      if (found !== version.id) {
        await this.#delete(id);
        throw changed(url, found, version);
      }
    }
    const deployment = known ?? (await this.#at(url));
    if (deployment === undefined)
      throw TaskError.transient('ENGINE_REFUSED', `Restate does not list worker ${url}, which it has just accepted`);
    const there = deployment.version ?? (await this.#versionOf(deployment.id));
    if (there !== version.id) throw changed(url, there, version);
    return deployment;
  }

  /** Has new runs and attempts start with a deployment again that is known. Throws `DEPLOYMENT_UNKNOWN`, `DEPLOYMENT_CHANGED`. */
  async use(id: string): Promise<WorkerDeployment> {
    const deployment = await this.#known(id);
    const { url, version } = deployment;
    const ask = async (dryRun: boolean) => {
      const headers = version === undefined ? {} : { additional_headers: { [VERSION_HEADER]: version } };
      const body = { uri: url, force: true, dry_run: dryRun, ...headers, metadata: await this.#metadata(id) };
      const answer = await this.#client.adminAnswer('POST', '/deployments', { body, timeoutMs: TIMEOUT_MS });
      if (answer.status >= 300) throw notRegistered(url, this.#client.adminAddress, answer);
      return JSON.parse(answer.body) as { services: { name: string; metadata?: Record<string, string> }[] };
    };
    // First without a change: other code at the address must not become this deployment's.
    const { services } = await ask(true);
    const found = services.find(({ name }) => poolNamed(name) !== undefined)?.metadata?.[VERSION_KEY];
    if (version !== undefined && found !== version) {
      throw TaskError.terminal(
        'DEPLOYMENT_CHANGED',
        `at ${url} there is version ${found ?? 'unknown'} now, and not version ${version} of deployment ${id}; start that version there, then try again`,
      );
    }
    await ask(false);
    return this.#known(id);
  }

  /**
   * Forgets deployments that nothing began with that is on, and that get nothing new; with `id` that one. Returns what is gone.
   * Throws `DEPLOYMENT_UNKNOWN`, and `DEPLOYMENT_IN_USE` with the reason.
   */
  async remove(id?: string): Promise<WorkerDeployment[]> {
    const all = await this.list();
    const drained = all.filter((one) => one.unfinished === 0 && one.current.length === 0);
    const wanted = id === undefined ? drained : drained.filter((one) => one.id === id);
    if (id !== undefined && wanted.length === 0) {
      const { unfinished, current } = await this.#known(id);
      const why = unfinished > 0 ? `${unfinished} that began with it have not ended` : `it gets what is new for: ${current.join(', ')}`;
      throw TaskError.terminal('DEPLOYMENT_IN_USE', `deployment ${id} is in use: ${why}`);
    }
    for (const one of wanted) await this.#delete(one.id);
    return wanted;
  }

  async #known(id: string): Promise<WorkerDeployment> {
    const all = await this.list();
    const found = all.find((one) => one.id === id);
    if (found !== undefined) return found;
    const known = all.map((one) => `${one.id} (${one.url})`).join(', ');
    throw TaskError.terminal('DEPLOYMENT_UNKNOWN', `there is no deployment "${id}"; there are: ${known || 'none'}`);
  }

  async #at(url: string): Promise<WorkerDeployment | undefined> {
    const { href } = new URL(url);
    return (await this.list()).find((one) => new URL(one.url).href === href);
  }

  /** The version of a deployment that somebody else registered, as its services say. */
  async #versionOf(id: string): Promise<string | undefined> {
    const { services } = await this.#get<{ services: { name: string; metadata?: Record<string, string> }[] }>(`/deployments/${id}`);
    return services.find(({ name }) => poolNamed(name) !== undefined)?.metadata?.[VERSION_KEY];
  }

  async #metadata(id: string): Promise<Record<string, string>> {
    return (await this.#get<{ metadata?: Record<string, string> }>(`/deployments/${id}`)).metadata ?? {};
  }

  async #delete(id: string): Promise<void> {
    const answer = await this.#client.admin('DELETE', `/deployments/${id}?force=true`, { timeoutMs: TIMEOUT_MS });
    // 404: another worker was faster.
    if (answer.status >= 300 && answer.status !== 404) throw refused(`deployment ${id} cannot be removed`, answer);
  }

  async #get<T>(path: string): Promise<T> {
    const answer = await this.#client.admin('GET', path, { timeoutMs: TIMEOUT_MS });
    if (answer.status >= 300) throw refused(`${path} of ${this.#client.adminAddress} cannot be read`, answer);
    return JSON.parse(answer.body) as T;
  }
}

const ABOUT_KEY = 'maestro.about';

/** A version in words: `1.2.0 of 2026-11-02, worker 0.1.0, @acme/tasks@3.1.0`. */
export function aboutVersion({ worker, packages, release }: WorkerVersion): string {
  return [...(release === undefined ? [] : [release]), `worker ${worker}`, ...packages].join(', ').slice(0, 500);
}

function poolNamed(service: string): string | undefined {
  return service === SERVICE ? 'default' : poolOf(service);
}

function changed(url: string, there: string | undefined, version: WorkerVersion): TaskError {
  const other = there === undefined ? 'something that says no version' : `version ${there}`;
  return TaskError.terminal(
    'DEPLOYMENT_CHANGED',
    `Restate knows ${other} at ${url}, and this worker is version ${version.id} (${aboutVersion(version)}). Runs finish on the code they started with, so every version needs an address of its own: give this one another advertised URL, e.g. with the release in its name, and keep the other one up until "maestro deployments list" shows that its runs have ended`,
  );
}

/** Why Restate did not accept a worker, in words that say what to do. */
function notRegistered(url: string, admin: string, answer: HttpAnswer): TaskError {
  const message = messageOf(answer).replace(/(\[META\d+\] )+/, '');
  if (/status code '401/.test(message)) {
    return TaskError.terminal(
      'IDENTITY_REFUSED',
      `this worker refused the request of the Restate at ${admin}: it is not signed with one of engine.identityKeys. Set them to the public key that Restate logs when it starts, and see that it is started with a private key (RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE)`,
    );
  }
  if (/"META0003"/.test(answer.body)) {
    return TaskError.terminal(
      'WORKER_UNREACHABLE',
      `the Restate at ${admin} cannot reach this worker at ${url}: ${message}. Check the advertised URL from Restate's side: its name, its port, and what stands between (network policy, balancer; it must pass HTTP/2 without TLS, or with, as the URL says)`,
    );
  }
  if (answer.status >= 500) throw new Unreachable(`${admin}: ${answer.status} ${message}`);
  return refused(`worker ${url} cannot be registered at ${admin}`, answer);
}
