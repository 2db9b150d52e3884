/** Name of the Restate workflow that every run is an instance of; its key is the run id. */
export const SERVICE = 'Run';

/** Name of the Restate service through which the workers of a pool execute attempts. */
export function poolServiceName(pool: string): string {
  return `Pool-${pool}`;
}

/** The pool whose service has the name, or undefined when it is no pool's. */
export function poolOf(service: string): string | undefined {
  return service.startsWith('Pool-') ? service.slice('Pool-'.length) : undefined;
}

/** Takes a `PoolCall`, returns an `Outcome`. */
export const POOL_HANDLER = 'execute';

/** How a run answers a decision while it asks nobody, which it may be about to. */
export const TOO_EARLY = 425;
