import { canonicalJson } from '../../../canonical.ts';
import { undescribed } from '../descriptions.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { validatorsOf } from '../schemas.ts';

/** Input and output are JSON Schema, and say what each property is for. */
export function schemaCases(subject: Subject): ConformanceCase[] {
  const { label, task } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'schemas', message, cause);
  return [
    {
      task: label,
      rule: 'schemas',
      name: 'has valid JSON Schemas for input and output',
      async run() {
        for (const side of ['input', 'output'] as const) {
          try {
            canonicalJson(task[side]);
          } catch (cause) {
            throw fail(`${side} is not plain JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
          }
        }
        validatorsOf(subject);
      },
    },
    {
      task: label,
      rule: 'schemas',
      name: 'describes every property',
      async run() {
        const missing = (['input', 'output'] as const).flatMap((side) => undescribed(task[side]).map((at) => side + at));
        if (missing.length > 0) throw fail(`no description: ${missing.join(', ')}`);
      },
    },
  ];
}
