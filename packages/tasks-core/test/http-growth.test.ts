import { createTestContext } from '@summit/maestro-sdk/testing';
import { httpRequest, notifySlack } from '@summit/maestro-tasks-core';
import { expect, it } from 'vitest';
import { growthExecutions, heapInUse, reportGrowth } from './support/heap.ts';
import { json, serve } from './support/http.ts';

/** Executions of each task; 10,000 where there is time. */
const EXECUTIONS = growthExecutions(400);
const AT_ONCE = 8;

it('executions leave nothing behind: no client, no connection, no memory', async () => {
  await using server = await serve((seen, response) => {
    server.requests.length = 0;
    if (seen.url === '/hook') response.end('ok');
    else if (seen.url === '/cut') response.socket?.destroy();
    else json(response, { a: 'x'.repeat(1_000) }, seen.url === '/404' ? 404 : 200);
  });
  await using ctx = createTestContext({ egress: { allow: ['127.0.0.1'] }, secrets: { SLACK_WEBHOOK_URL: `${server.url}/hook` } });
  const get = (path: string) => httpRequest.execute(ctx, { payload: { url: `${server.url}${path}` } });
  const run = async (times: number) => {
    let left = times;
    const worker = async () => {
      for (let number = left--; number > 0; number = left--) {
        await get('/');
        await notifySlack.execute(ctx, { payload: { text: 'hi' } });
        // Those that fail are what is forgotten most easily.
        if (number % 10 === 0) {
          const failing = [get('/404'), get('/cut'), httpRequest.execute(ctx, { payload: { url: 'http://10.0.0.1/' } })];
          const codes = await Promise.all(failing.map((each) => each.catch((error: { code: string }) => error.code)));
          expect(codes).toEqual(['HTTP_STATUS', 'HTTP_CUT', 'HTTP_EGRESS_DENIED']);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  await run(200);
  const before = await heapInUse();
  await run(EXECUTIONS);
  const grown = reportGrowth('http', EXECUTIONS, (await heapInUse()) - before);
  // One agent for the rules of http.request, one without rules for the operator's webhook.
  expect(ctx.pooled.map(({ opened }) => opened)).toEqual([1, 1]);
  // Connections are shared: three calls at a time of each worker, on two agents.
  expect(await server.connections()).toBeLessThanOrEqual(AT_ONCE * 6);
  // What is kept by every execution would show: 100 bytes each are well beyond what a heap differs by.
  expect(grown).toBeLessThan(Math.max(1_500_000, EXECUTIONS * 100));
});
