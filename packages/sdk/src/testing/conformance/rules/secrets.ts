import { type Call, call, secretsOf } from '../call.ts';
import { type ConformanceCase, ConformanceError, type Subject } from '../model.ts';
import { errorText, holdsSecret, SHORTEST_SECRET } from '../needles.ts';
import { errorOf, outcomeText } from '../words.ts';

/** Only declared secrets are asked for, and none leaves the task. */
export function secretCases(subject: Subject): ConformanceCase[] {
  const { label, task, fixture } = subject;
  const fail = (message: string, cause?: unknown) => new ConformanceError(label, 'secrets', message, cause);
  return [
    {
      task: label,
      rule: 'secrets',
      name: 'asks for declared secrets only, and keeps them to itself',
      async run() {
        const secrets = secretsOf(subject);
        for (const [name, value] of Object.entries(secrets)) {
          if (value.length < SHORTEST_SECRET)
            throw fail(`the fixture's secret ${name} is too short to be searched for; give one of ${SHORTEST_SECRET} characters or more`);
        }
        const ordinary = await call(subject, { rule: 'secrets' });
        const { outcome } = ordinary;
        if (outcome === 'hung' || !outcome.ok) {
          report(ordinary, secrets, fail);
          throw fail(`cannot be checked: the ordinary call ${outcomeText(outcome, subject.timeoutMs)}`, errorOf(outcome));
        }
        const calls = [ordinary, ...(await failingCalls(subject))];
        for (const seen of calls) report(seen, secrets, fail);
        const asked = new Set(calls.flatMap(({ context }) => context.secretsAsked));
        const unused = (task.secrets ?? []).filter((name) => !asked.has(name));
        if (unused.length > 0) {
          throw fail(
            `declares ${unused.join(', ')}, but no call asked for it: give a fixture whose payload or failing needs it, drop it, or opt out with a reason`,
          );
        }
      },
    },
  ];

  async function failingCalls(on: Subject): Promise<Call[]> {
    const calls: Call[] = [];
    for (const example of task.examples.filter(({ error }) => error !== undefined)) {
      calls.push(await call(on, { rule: 'secrets', payload: () => example.input }));
    }
    if (fixture.failing === undefined) return calls;
    let count = 1;
    for (let index = 0; index < count; index++) {
      const seen = await call(on, {
        rule: 'secrets',
        async payload(ctx) {
          const payloads = (await fixture.failing?.(ctx)) ?? [];
          count = payloads.length;
          if (count === 0) throw fail('the fixture’s failing gives no input');
          return payloads[index];
        },
      });
      if (seen.outcome === 'hung' || seen.outcome.ok)
        throw fail(`input ${index} of the fixture's failing ${outcomeText(seen.outcome, on.timeoutMs)}; expected an error`);
      calls.push(seen);
    }
    return calls;
  }
}

function report({ context, outcome, printed }: Call, secrets: Record<string, string>, fail: (message: string) => Error): void {
  if (context.secretsRefused.length > 0)
    throw fail(`asks for ${[...new Set(context.secretsRefused)].join(', ')}, which it does not declare`);
  const places: [string, string][] = [
    ...context.logs.map((line, index): [string, string] => [`log line ${index + 1}`, errorText(line)]),
    ...context.events.map(({ event, payload }): [string, string] => [`the event "${event.slice(0, 40)}"`, errorText([event, payload])]),
    ...context.pooled.map(({ key }): [string, string] => ['a pool key', key]),
    ['the console', printed.join('\n')],
    ...(outcome === 'hung'
      ? []
      : [
          outcome.ok
            ? (['the output', errorText(outcome.output)] as [string, string])
            : (['the error', errorText(outcome.error)] as [string, string]),
        ]),
  ];
  const found = places.flatMap(([place, text]) => {
    const names = Object.entries(secrets).flatMap(([name, value]) => (holdsSecret(text, value) ? [name] : []));
    return names.map((name) => `${name} in ${place}`);
  });
  // The event's name may be the leak; what was found is named, never shown.
  if (found.length > 0) throw fail(`lets secrets out: ${redact([...new Set(found)].join(', '), secrets)}`);
}

function redact(text: string, secrets: Record<string, string>): string {
  return Object.values(secrets).reduce((result, value) => result.replaceAll(value, '[secret]'), text);
}
