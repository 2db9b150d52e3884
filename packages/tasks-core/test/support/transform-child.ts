/**
 * Transforms NDJSON that is made while it is read, in a process of its own: `node transform-child.ts <bytes>`.
 * Prints the rows in and out and the most memory the process has had, in KiB. What is written is counted and let go.
 */
import { type ArtifactRef, type Artifacts, createRunContext } from '@summit/maestro-sdk';
import { transformMap } from '../../src/tasks/transform.map.ts';

const size = Number(process.argv[2]);
let made = 0;
let written = 0;
const ref = (name: string, bytes: number): ArtifactRef => {
  const sha256 = '0'.repeat(64);
  return { uri: `artifact:sha256:${sha256}`, sha256, size: bytes, contentType: 'application/x-ndjson', name };
};

async function* source(): AsyncGenerator<Uint8Array> {
  for (let bytes = 0; bytes < size; ) {
    const lines: string[] = [];
    for (let line = 0; line < 500; line++)
      lines.push(JSON.stringify({ id: made++, name: `name ${made}`, amount: made * 1.5, tags: ['a', 'b'] }));
    const chunk = Buffer.from(`${lines.join('\n')}\n`);
    bytes += chunk.length;
    yield chunk;
  }
}

const artifacts: Artifacts = {
  open: source,
  async put(content, meta) {
    for await (const chunk of content as AsyncIterable<Uint8Array>) written += chunk.length;
    return ref(meta?.name ?? '', written);
  },
};

const { payload } = await transformMap.execute(createRunContext({ artifacts }), {
  payload: {
    artifact: ref('in.ndjson', size),
    filter: 'row.id % 10 != 0',
    mapping: { id: 'string(row.id)', total: 'row.amount * 2.0', first: 'row.tags[0]' },
  },
});
process.stdout.write(
  JSON.stringify({ made, count: payload.count, skipped: payload.skipped, written, maxRss: process.resourceUsage().maxRSS }),
);
