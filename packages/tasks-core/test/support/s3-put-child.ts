/**
 * Puts in a process of its own: `node s3-put-child.ts '<payload as JSON>' '<bytes of content>' '<idempotency key>'`.
 * Prints `started`, then the output as JSON.
 */
import { createTestContext } from '@summit/maestro-sdk/testing';
import { s3Put } from '@summit/maestro-tasks-core';

const [payload = '', size = '', idempotencyKey = ''] = process.argv.slice(2);
const ctx = createTestContext({ idempotencyKey });
const artifact = await ctx.artifacts.put(Buffer.alloc(Number(size), 'killed in the middle '));
process.stdout.write('started\n');
const { payload: output } = await s3Put.execute(ctx, { payload: { ...(JSON.parse(payload) as object), artifact } as never });
process.stdout.write(`${JSON.stringify(output)}\n`);
await ctx.dispose();
