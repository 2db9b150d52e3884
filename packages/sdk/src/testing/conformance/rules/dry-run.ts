import { call } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { changes } from '../watch.ts';
import { errorOf, outcomeText } from '../words.ts';

/**
 * A dry run changes nothing. It executes what has no effect or only reads, so that must be true of it; of a task that
 * writes it calls `validate` and `resources` alone.
 */
export function dryRunCases(subject: Subject): ConformanceCase[] {
  const { label, task } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'dry-run', message, cause);
  return [
    {
      task: label,
      rule: 'dry-run',
      name: task.effect === 'write' ? 'is previewed without effect' : `has no effect, as it declares effect: ${task.effect}`,
      async run() {
        const preview = async (_: unknown, payload: unknown) => {
          await task.validate?.({ payload });
          return task.resources?.(payload) ?? [];
        };
        const seen = await call(subject, {
          rule: 'dry-run',
          context: { dryRun: true },
          ...(task.effect === 'write' ? { drive: preview } : {}),
        });
        const { outcome, contacted, context } = seen;
        if (outcome === 'hung' || !outcome.ok) throw fail(`in a dry run it ${outcomeText(outcome, subject.timeoutMs)}`, errorOf(outcome));
        const changed = changes(seen.workspaceBefore, seen.workspaceAfter);
        if (changed.length > 0) throw fail(`a dry run ${changed.join(', ')} in the workspace`);
        if (JSON.stringify(seen.effectsBefore) !== JSON.stringify(seen.effectsAfter))
          throw fail('a dry run changed something outside the workspace');
        if (contacted.size === 0 && context.pooled.length === 0) return;
        if (task.effect === 'none')
          throw fail(`declares effect: none, but talks to something outside (${describe(contacted)}); declare read or write`);
        if (task.effect === 'write')
          throw fail(`validate or resources talk to something outside (${describe(contacted)}); they are called in previews`);
        if (subject.fixture.effects === undefined) {
          throw fail(
            'cannot be checked: it talks to something outside, where the suite sees nothing; give a fixture with effects, or opt out with a reason',
          );
        }
      },
    },
  ];
}

function describe(contacted: ReadonlySet<string>): string {
  return contacted.size === 0 ? 'a pooled client' : [...contacted].join(', ');
}
