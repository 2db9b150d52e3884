import type { TaskFixture } from '@summit/maestro-sdk/testing';
import { json, serve } from './http.ts';

/** How the conformance suite calls tasks over HTTP: a server with one list of orders, and one place that never answers. */
export async function httpFixtures(): Promise<{ request: TaskFixture; slack: TaskFixture; close(): Promise<void> }> {
  const orders: unknown[] = [];
  let asked = () => {};
  const server = await serve((seen, response) => {
    if (seen.url === '/stuck') return asked();
    if (seen.url === '/slack/hook') return response.end(orders.push('hook') > 0 ? 'ok' : '');
    if (seen.url === '/slack/chat.postMessage') return json(response, { ok: false, error: 'invalid_auth', saw: seen.headers });
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
    slack: {
      context: {
        egress: { allow: ['127.0.0.1'] },
        secrets: { SLACK_WEBHOOK_URL: `${server.url}/slack/hook`, SLACK_BOT_TOKEN: 'a-plain-token-of-a-bot' },
      },
      payload: () => ({ text: 'hello' }),
      stuck: () => ({ payload: { text: 'hello', webhook: `${server.url}/stuck` }, started: arrives() }),
      failing: () => [
        { text: 'hello', channel: 'C1', apiUrl: `${server.url}/slack` },
        { text: 'hello', webhook: `${server.url}/wrong` },
        { text: 'hello', webhook: 'http://10.0.0.1/services/x' },
      ],
      effects: () => orders,
    },
    close: () => server.close(),
  };
}
