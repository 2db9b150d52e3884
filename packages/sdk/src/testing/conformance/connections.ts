import { createHook } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** A handle of libuv, as async hooks show it. */
interface Handle {
  /** False when it is closed, or keeps nobody waiting. */
  hasRef?(): boolean;
}

/** What was said to the outside while somebody listened. */
export interface Connections {
  /** Kinds of contact made, e.g. `tcp`, `process`, `undici:request:create`. */
  readonly contacted: ReadonlySet<string>;
  /** Connections made that are still open; those an HTTP client keeps for later without waiting for them do not count. */
  open(): string[];
  /** Ends the listening; `open` goes on telling about the connections known. */
  stop(): void;
}

const CONNECTS: Record<string, string> = { TCPCONNECTWRAP: 'tcp', PIPECONNECTWRAP: 'pipe', UDPSENDWRAP: 'udp', PROCESSWRAP: 'process' };
/** Requests over connections that were there before. */
const REQUESTS = ['http.client.request.start', 'undici:request:create'];

/**
 * Listens to connections this process makes. Only async hooks tell those from the ones it accepts, and a test often runs
 * its server in the same process; and only they see TLS as well.
 */
export function connections(): Connections {
  const contacted = new Set<string>();
  const handles = new Map<number, Handle>();
  const made = new Set<number>();
  const hook = createHook({
    init(id, type, trigger, resource) {
      if (type === 'TCPWRAP' || type === 'PIPEWRAP') handles.set(id, resource as Handle);
      const kind = CONNECTS[type];
      if (kind === undefined) return;
      contacted.add(kind);
      // A connecting request is triggered by the handle it will connect.
      made.add(trigger);
    },
    destroy(id) {
      handles.delete(id);
    },
  });
  const onRequest = (_: unknown, name: string | symbol) => contacted.add(String(name));
  for (const channel of REQUESTS) subscribe(channel, onRequest);
  hook.enable();
  return {
    contacted,
    open: () => [...handles].flatMap(([id, handle]) => (made.has(id) && handle.hasRef?.() === true ? ['a connection'] : [])),
    stop() {
      hook.disable();
      for (const channel of REQUESTS) unsubscribe(channel, onRequest);
    },
  };
}
