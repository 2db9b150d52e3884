/**
 * Publishes in a process of its own: `node nats-child.ts '<idempotency key>' '<payload as JSON>' <messages>`, where the payload has
 * that many messages made for it. Prints the output as one line of JSON.
 */
import type { RunContext } from '@summit/maestro-sdk';
import natsPublish from '@summit/maestro-tasks-core/connectors/nats.publish';

const [idempotencyKey, given, count] = process.argv.slice(2) as [string, string, string];
const payload = { ...(JSON.parse(given) as object), messages: Array.from({ length: Number(count) }, (_, n) => `message ${n}`) };
const { payload: output } = await natsPublish.execute({ idempotencyKey } as RunContext, { payload: payload as never });
process.stdout.write(`${JSON.stringify(output)}\n`, () => process.exit());
