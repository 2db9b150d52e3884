import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot, runNode } from './run-node.ts';

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

describe('the README', () => {
  it.each(blocks.map((code, index) => [index + 1, code] as const))('has a block %i that runs and prints what it says', async (_, code) => {
    const ended = await runNode(['--input-type=module-typescript', '--eval', code]);
    const said = [...code.matchAll(/\/\/ prints: (.*)/g)].map((match) => match[1]);
    expect(said.length).toBeGreaterThan(0);
    expect(ended.stderr.replace(/\(node:\d+\) ExperimentalWarning: .*\n.*\n/, '')).toBe('');
    expect(ended.code).toBe(0);
    const lines = ended.stdout.trim().split('\n');
    expect(lines.map((line, index) => (line.startsWith(said[index] ?? line) ? said[index] : line))).toEqual(said);
  });

  it('names every code, and no other', () => {
    const sources = readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    );
    const thrown = new Set<string>();
    for (const name of sources) {
      const text = readFileSync(join(packageRoot, 'src', name), 'utf8');
      for (const [, code] of text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)) if (code !== undefined) thrown.add(code);
    }
    // Kinds of async handles, and examples in docstrings.
    for (const other of ['SLACK_BOT_TOKEN', 'KAFKA_TOPIC_UNKNOWN', 'TASK_FAILED']) thrown.delete(other);
    const errors = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## Testing'));
    const documented = new Set([...errors.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map((match) => match[1] ?? ''));
    expect([...documented].sort()).toEqual([...thrown].sort());
  });
});
