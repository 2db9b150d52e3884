import pg from 'pg';

/** How long the request may take to arrive, and the server to heed it, in milliseconds. */
const CANCEL_MS = 1_000;

/** What the declarations of node-postgres leave out. */
interface Wire extends pg.Connection {
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}
interface Backend {
  processID: number | null;
  secretKey: number | null;
}

/**
 * Asks the server to stop what `client` has running, over a connection of its own, as the protocol wants it. Resolves when the server has
 * taken the request, or after a second. There is no answer: whether it helped shows in the client's own.
 */
export function cancelRunning(client: pg.PoolClient, config: { host: string; port: number; ssl: pg.ClientConfig['ssl'] }): Promise<void> {
  const { processID, secretKey } = client as unknown as Backend;
  if (processID === null || secretKey === null) return Promise.resolve();
  return new Promise((resolve) => {
    const { host, port, ssl } = config;
    const wire = new pg.Connection({ ...(ssl ? { ssl } : {}) }) as Wire;
    const timer = setTimeout(() => wire.stream.destroy(), CANCEL_MS);
    const send = () => wire.cancel(processID, secretKey);
    wire.on('connect', () => (ssl ? wire.requestSsl() : send()));
    wire.on('sslconnect', send);
    // A server that cannot be reached cannot be asked; the connection that is then cut ends its work as well.
    wire.on('error', () => wire.stream.destroy());
    wire.once('end', () => {
      clearTimeout(timer);
      wire.stream.destroy();
      resolve();
    });
    if (host.startsWith('/')) (wire as unknown as { connect(path: string): void }).connect(`${host}/.s.PGSQL.${port}`);
    else wire.connect(port, host);
  });
}
