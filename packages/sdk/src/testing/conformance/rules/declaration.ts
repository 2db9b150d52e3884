import { declarationProblems, taskLabel } from '../../../declaration.ts';
import type { DeclaredTask } from '../../../task.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';

/** The declaration is complete and well-formed. */
export function declarationCases({ label, task }: Subject): ConformanceCase[] {
  return [
    {
      task: label,
      rule: 'declaration',
      name: 'declares itself completely',
      async run() {
        const problems = declarationProblems(task);
        if (problems.length > 0) throw new ConformanceError(label, 'declaration', problems.join('; '));
        const secrets = task.secrets ?? [];
        const twice = secrets.filter((name, index) => secrets.indexOf(name) !== index);
        if (twice.length > 0) throw new ConformanceError(label, 'declaration', `secrets: ${twice.join(', ')} is listed twice`);
      },
    },
  ];
}

/** No two tasks have the same name and version, or the same title. */
export function catalogCases(tasks: readonly DeclaredTask[]): ConformanceCase[] {
  const unique = (
    what: string,
    keyOf: (task: DeclaredTask) => string,
    isSame: (a: DeclaredTask, b: DeclaredTask) => boolean,
  ): ConformanceCase => ({
    task: 'catalog',
    rule: 'declaration',
    name: `has no two tasks with the same ${what}`,
    async run() {
      const first = new Map<string, DeclaredTask>();
      for (const task of tasks) {
        const key = keyOf(task);
        const other = first.get(key);
        if (other === undefined) first.set(key, task);
        else if (isSame(other, task)) {
          throw new ConformanceError(
            'catalog',
            'declaration',
            `${taskLabel(other)} and ${taskLabel(task)} have the same ${what}, "${key}"`,
          );
        }
      }
    },
  });
  return [
    unique('name and version', taskLabel, () => true),
    // Versions of one task may well share their title.
    unique(
      'title',
      (task) => String(task.title).toLowerCase(),
      (a, b) => a.name !== b.name,
    ),
  ];
}
