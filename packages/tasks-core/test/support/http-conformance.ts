import type { TaskFixture } from '@summit/maestro-sdk/testing';
import { json, serve } from './http.ts';

/** How the conformance suite calls tasks over HTTP: a server with one list of orders, and one place that never answers. */
export async function httpFixtures(): Promise<{ request: TaskFixture; close(): Promise<void> }> {
  const orders: unknown[] = [];
  let asked = () => {};
  const server = await serve((seen, response) => {
    if (seen.url === '/stuck') return asked();
    if (seen.url === '/wrong') return json(response, { error: 'wrong', saw: seen.headers }, 403);
    if (seen.method === 'POST') orders.push(JSON.parse(seen.body));
    json(response, { count: orders.length });
  });
  const arrives = () =>
    new Promise<void>((resolve) => {
      asked = resolve;
    });
  return {
    request: {
      context: { egress: { allow: ['127.0.0.1'] } },
      payload: () => ({ method: 'POST', url: `${server.url}/orders`, body: { item: 7 }, idempotencyKey: true }),
      stuck: () => ({ payload: { url: `${server.url}/stuck` }, started: arrives() }),
      failing: () => [{ url: `${server.url}/wrong`, headers: { authorization: 'Bearer x' } }, { url: 'http://10.0.0.1/' }],
      effects: () => orders,
    },
    close: () => server.close(),
  };
}
