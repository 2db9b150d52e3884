import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { maestro } from './process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('the schema beside the shipped runbooks is that of their language and tasks', async () => {
  // Not current? pnpm build && node packages/cli/bin/maestro.js schema -o runbooks/maestro.schema.json
  const check = maestro(ROOT, ['schema', '--check', '-o', 'runbooks/maestro.schema.json']);
  expect([await check.ended, check.stdout, check.stderr]).toEqual([0, '', '']);
});
