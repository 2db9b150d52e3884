import { createTestContext } from '@summit/maestro-sdk/testing';
import { nats as natsServers } from '@summit/maestro-services';
import { natsPublish } from '@summit/maestro-tasks-core/connectors/nats.publish';
import { connect } from 'nats';
import { compareInterleaved, type Figure } from './figure.ts';

const MESSAGES = 10_000;
/** Messages under way at once, here and there. */
const IN_FLIGHT = 1_000;

const messages = Array.from({ length: MESSAGES }, (_, n) => `${String(n).padStart(6, '0')} ${'x'.repeat(193)}`);

/** `nats.publish`, against the library called directly, pipelined: core flushed at the end, JetStream with 1,000 messages in flight. */
export async function natsPublishSpeed(): Promise<Figure[]> {
  const { url } = await natsServers();
  const nc = await connect({ servers: url });
  const jsm = await nc.jetstreamManager();
  const js = nc.jetstream();
  const stream = `bench-${process.pid}`;
  const subject = `${stream}.a`;
  await jsm.streams.add({ name: stream, subjects: [`${stream}.>`], max_msgs: 4 * MESSAGES, duplicate_window: 10_000_000_000 });
  const ctx = createTestContext();
  let call = 0;
  const ours = (jetstream: boolean) => async () => {
    // A key of its own for every call, as every run has.
    const own = { pool: ctx.pool, artifacts: ctx.artifacts, idempotencyKey: `bench-${process.pid}-${call++}` };
    const to = jetstream ? subject : `${stream}-core`;
    return perSecond(() => natsPublish.execute(own as never, { payload: { servers: url, subject: to, messages, jetstream } }));
  };
  const core = () =>
    perSecond(async () => {
      for (const message of messages) nc.publish(`${stream}-core`, message);
      await nc.flush();
    });
  const acknowledged = () =>
    perSecond(async () => {
      const id = `raw-${call++}`;
      let next = 0;
      const lane = async () => {
        for (let n = next++; n < MESSAGES; n = next++) await js.publish(subject, messages[n], { msgID: `${id}/${n}` });
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    });
  const shared = { unit: 'messages/s', must: 0.9, better: 'higher' } as const;
  try {
    return [
      await compareInterleaved({
        ...shared,
        figure: `nats.publish, core, ${MESSAGES} messages of 200 B a call`,
        ours: ours(false),
        other: core,
        otherName: 'the nats client, flushed',
        rounds: 21,
      }),
      await compareInterleaved({
        ...shared,
        figure: `nats.publish, JetStream, ${MESSAGES} messages of 200 B a call`,
        ours: ours(true),
        other: acknowledged,
        otherName: `the nats client with ${IN_FLIGHT} in flight`,
      }),
    ];
  } finally {
    await ctx.dispose();
    await jsm.streams.delete(stream);
    await nc.close();
  }
}

async function perSecond(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return (MESSAGES / (performance.now() - begin)) * 1_000;
}
