import { describe, expect, it } from 'vitest';
import { broken, type Change, echo, findings } from '../../../../test/conformance-tasks.ts';
import type { DeclaredTask } from '../../../task.ts';
import { conformanceSuite } from '../suite.ts';

describe('declaration', () => {
  it.each<[string, Change, RegExp]>([
    ['a malformed name', { name: 'Echo' }, /name: /],
    ['a malformed version', { version: '1' }, /version: /],
    ['no title', { title: '' }, /title: /],
    ['no description', { description: ' ' }, /description: /],
    ['a retry without attempts', { retry: {} as never }, /retry.maxAttempts/],
    ['a secret listed twice', { secrets: ['TOKEN', 'TOKEN'] }, /TOKEN is listed twice/],
  ])('finds %s', async (_, change, message) => {
    const found = await findings(broken(change), undefined, 'declaration');
    expect(found.declaration).toMatch(message);
  });

  it('finds two tasks with one name and version, or one title', async () => {
    const failures = async (tasks: DeclaredTask[]) => {
      const results = await Promise.allSettled(
        conformanceSuite(tasks)
          .filter(({ task }) => task === 'catalog')
          .map(({ run }) => run()),
      );
      return results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    };
    expect(await failures([echo, broken({ title: 'Other' })])).toEqual([
      expect.stringContaining('same name and version, "tasks/echo@0.1.0"'),
    ]);
    expect(await failures([echo, broken({ name: 'tasks/other', title: 'echo' })])).toEqual([expect.stringContaining('same title, "echo"')]);
    expect(await failures([echo, broken({ version: '0.2.0' })])).toEqual([]);
  });

  it.each([null, undefined, {}, { name: 'tasks/x' }])('finds that %j is no task, without calling it', async (task) => {
    const cases = conformanceSuite([task as unknown as DeclaredTask]).filter((each) => each.task !== 'catalog');
    expect(cases).toHaveLength(1);
    await expect(cases[0]?.run()).rejects.toThrow(/expected a/);
  });
});
