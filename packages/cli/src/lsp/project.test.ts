import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { execute } from '../testing.ts';
import { Project } from './project.ts';
import { sourcesOf } from './watch.ts';

test('the lock file of a project is in force in the editor too', async () => {
  const manifest = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: a, uses: tasks/wait.sleep@^0.1, with: { ms: 1 } }]
`;
  const cwd = folder({ 'maestro.config.json': '{}', 'runbooks/pause.yaml': manifest });
  const lock = path.join(cwd, 'runbooks/maestro.lock.yaml');
  const project = new Project(cwd, {}, { env: {} });
  const codes = async () => {
    await project.load();
    return project.catalog.diagnostics('runbooks/pause.yaml').map(({ code }) => code);
  };
  expect(await codes()).toEqual(['floating-version']);
  await execute(['lock'], { cwd });
  expect(sourcesOf(project)).toContain(lock);
  expect(await codes()).toEqual([]);
  rmSync(lock);
  expect(await codes()).toEqual(['floating-version']);
});
