import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a local system was asked: method, path with query, parsed body, headers. */
export interface Asked {
  method: string;
  url: URL;
  body: Record<string, unknown>;
  headers: IncomingMessage['headers'];
}

/** An HTTP system on loopback that answers as `answer` says, and keeps what it was asked. Closed after the test. */
export async function system(
  answer: (asked: Asked) => { status?: number; json?: unknown; text?: string },
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const { method = 'GET', headers } = request;
    const one = { method, url: new URL(request.url ?? '/', 'http://local'), body: text === '' ? {} : JSON.parse(text), headers } as Asked;
    asked.push(one);
    const { status = 200, json, text: plain } = answer(one);
    response.writeHead(status, { 'content-type': json === undefined ? 'text/plain' : 'application/json' });
    response.end(json === undefined ? (plain ?? '') : JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A Slack channel behind an incoming webhook. */
export async function channel(): Promise<{ secret: Record<string, string>; texts: () => unknown[] }> {
  const { url, asked } = await system(() => ({ text: 'ok' }));
  return { secret: { SLACK_WEBHOOK_URL: `${url}/services/T0/B0/local` }, texts: () => asked.map(({ body }) => body.text) };
}

/** A deployment system that runs `service` at `version`; versions in `sick` come up unhealthy. */
export async function deployments(service: string, version: string, sick: string[] = []) {
  const running = new Map([[service, version]]);
  const moves = new Map<string, unknown>();
  const { url, asked } = await system(({ method, url: { searchParams }, body, headers }) => {
    if (headers.authorization !== 'Bearer deploy-token') return { status: 401, json: { error: 'no such token' } };
    if (method === 'GET') {
      const name = searchParams.get('service') ?? '';
      const found = running.get(name);
      if (found === undefined) return { status: 404, json: { error: `no service ${name}` } };
      return { json: { service: name, version: found, healthy: !sick.includes(found) } };
    }
    const key = String(headers['idempotency-key']);
    if (!moves.has(key)) {
      if (running.get(String(body.service)) !== body.from)
        return { status: 409, json: { error: `${body.service} does not run ${body.from}` } };
      running.set(String(body.service), String(body.to));
      moves.set(key, body);
    }
    return { status: 202, json: { accepted: true } };
  });
  return { secret: { DEPLOY_URL: `${url}/deployments`, DEPLOY_TOKEN: 'Bearer deploy-token' }, asked, running, moves };
}

/** A fault-injection endpoint. */
export async function faults(options: { refuses?: boolean } = {}) {
  const active = new Set<unknown>();
  const { url, asked } = await system(({ method, url: { searchParams }, body }) => {
    if (method === 'POST') {
      active.add(body.drill);
      return options.refuses === true ? { status: 500, json: { error: 'half-way through' } } : { status: 201, json: { drill: body.drill } };
    }
    active.delete(searchParams.get('drill'));
    return { status: 200, json: {} };
  });
  return { secret: { CHAOS_FAULT_URL: `${url}/faults` }, asked, active };
}
