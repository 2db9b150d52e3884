/**
 * Publishes in a process of its own: `node kafka-child.ts '<idempotency key>'`, the payload as JSON on standard input. Prints the output as JSON.
 */
import { text } from 'node:stream/consumers';
import type { RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import kafkaPublish from '@summit/maestro-tasks-core/connectors/kafka.publish';

const idempotencyKey = process.argv[2] as string;
const payload = await text(process.stdin);
const ctx = createTestContext({ idempotencyKey });
const { payload: output } = await kafkaPublish.execute(ctx as RunContext, { payload: JSON.parse(payload) as never });
process.stdout.write(`${JSON.stringify(output)}\n`);
await ctx.dispose();
