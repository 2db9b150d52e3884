import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { s3Put } from '@summit/maestro-tasks-core';
import { expect, it } from 'vitest';
import { type TestBucket, testBucket } from './support/s3.ts';

const script = join(import.meta.dirname, 'support/s3-put-child.ts');
const SIZES = { 'in one request': 4 * 1024 * 1024, 'in parts': 20 * 1024 * 1024 };
/** Kills per size; more of them find rarer moments. */
const KILLS = Number(process.env.MAESTRO_CRASH_MOMENTS ?? 2);

it.each(Object.entries(SIZES))('a put %s whose process is killed is done once by the next attempt', async (key, size) => {
  await using bucket = await testBucket({ versions: true });
  const content = Buffer.alloc(size, 'killed in the middle ');
  const sha256 = createHash('sha256').update(content).digest('hex');
  await using ctx = createTestContext({ idempotencyKey: `crash/${key}`, attempt: 2 });
  const artifact = await ctx.artifacts.put(content);
  for (let kill = 0; kill < KILLS; kill++) {
    const payload = { ...bucket.base, key: `${key} ${kill}`, ifNoneMatch: '*' as const };
    const child = spawn(process.execPath, [script, JSON.stringify(payload), String(size), `crash/${key}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await killed(child, kill / KILLS, bucket, payload.key);
    const first = await s3Put.execute(ctx, { payload: { ...payload, artifact } });
    expect(first.payload).toMatchObject({ size, sha256 });
    // As an attempt that does not know that it is one.
    expect(await s3Put.execute({ ...ctx, attempt: 1 }, { payload: { ...payload, artifact } })).toEqual(first);
    expect((await bucket.objects()).filter((object) => object.startsWith(`${payload.key} `))).toHaveLength(1);
    const { Body } = await bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: payload.key }));
    expect(
      createHash('sha256')
        .update((await Body?.transformToByteArray()) ?? '')
        .digest('hex'),
    ).toBe(sha256);
  }
});

/** Kills the process some part of the way through; the last time when the object is there. */
async function killed(child: ChildProcess, part: number, bucket: TestBucket, key: string): Promise<void> {
  const closed = once(child, 'close');
  await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  const stored = async () => (await bucket.objects()).some((object) => object.startsWith(`${key} `));
  if (part + 1 / KILLS < 1) await setTimeout(part * 300);
  else while (child.exitCode === null && !(await stored())) await setTimeout(5);
  child.kill('SIGKILL');
  await closed;
}
