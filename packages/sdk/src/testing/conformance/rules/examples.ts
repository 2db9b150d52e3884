import { isDeepStrictEqual } from 'node:util';
import { isTaskError } from '../../../errors.ts';
import { call } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { asJson, notJson } from '../plain.ts';
import { validatorsOf } from '../schemas.ts';
import { errorOf, outcomeText, show } from '../words.ts';

/** Examples fit the schemas, and those that say how they end, end so. */
export function exampleCases(subject: Subject): ConformanceCase[] {
  const { label, task } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'examples', message, cause);
  const examples = Array.isArray(task.examples) ? task.examples : [];
  const unfit = (message: string, cause?: unknown) => new ConformanceError(label, 'schemas', message, cause);
  const fits: ConformanceCase = {
    task: label,
    rule: 'schemas',
    name: 'has examples that fit its schemas',
    async run() {
      if (examples.length === 0) throw unfit('there is no example; docs, console and checks are made from them');
      const validators = validatorsOf(subject);
      const titles = new Set<string>();
      for (const { title, input, output } of examples) {
        if (titles.has(title)) throw unfit(`two examples are called "${title}"`);
        titles.add(title);
        try {
          validators.complete('schemas', input);
        } catch (cause) {
          throw unfit(`example "${title}": ${cause instanceof Error ? cause.message : String(cause)}`, cause);
        }
        const problem = output === undefined ? undefined : validators.outputProblem(output, input);
        if (problem !== undefined) throw unfit(`example "${title}": output does not fit the output schema: ${problem}`);
      }
    },
  };
  const executed = examples
    .filter(({ output, error }) => output !== undefined || error !== undefined)
    .map(
      (example): ConformanceCase => ({
        task: label,
        rule: 'examples',
        name: `does as its example says: ${example.title}`,
        async run() {
          const { outcome } = await call(subject, { rule: 'examples', payload: () => example.input });
          const found = `example "${example.title}": ${outcomeText(outcome, subject.timeoutMs)}`;
          if (example.error !== undefined) {
            const code = outcome !== 'hung' && !outcome.ok && isTaskError(outcome.error) ? outcome.error.code : undefined;
            if (code !== example.error) throw fail(`${found}; expected the error ${example.error}`, errorOf(outcome));
          } else if (
            outcome === 'hung' ||
            !outcome.ok ||
            notJson(outcome.output) !== undefined ||
            !isDeepStrictEqual(asJson(outcome.output), example.output)
          ) {
            throw fail(`${found}; expected ${show(example.output)}`, errorOf(outcome));
          }
        },
      }),
    );
  return [fits, ...executed];
}
