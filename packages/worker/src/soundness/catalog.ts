import { type Diagnostic, lint, parseCatalog } from '@summit/maestro-manifest';
import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import { randomExpression, type Source, sourcesBelow } from './expressions.ts';
import type { Random } from './random.ts';
import { randomValue } from './schemas.ts';

/** A line of a manifest, and what it becomes, one after the other, while the checker objects; then it is left out. */
interface Line {
  text: string;
  others?: string[];
}

/** What a task or a sub-workflow takes and returns. */
type Callable = Pick<TaskContract, 'name' | 'version' | 'input' | 'output'>;

interface Task {
  id: string;
  contract: Callable;
  needs: string[];
  forEach?: { line: Line; items: JsonSchema };
  tolerant: boolean;
  checksStatus: boolean;
}

/**
 * A random workflow that lints clean: written with expressions that may be wrong, and mended line by line as long as the checker
 * objects. What is left is what the checker vouches for.
 */
export function cleanCatalog(
  random: Random,
  contracts: readonly TaskContract[],
): { text: string; parameters: { name: string; schema: JsonSchema; required: boolean }[]; rounds: number } | undefined {
  const parameters = Array.from({ length: 1 + random.int(4) }, (_, at) => parameter(random, at));
  const [stub] = contracts as [TaskContract];
  const inner = innerWorkflow(random, stub);
  const lines = [...workflow(random, [...contracts, inner.callable], parameters), ...inner.lines];
  for (let rounds = 0; rounds < 100; rounds++) {
    const text = lines.map((line) => line.text).join('\n');
    const { catalog } = parseCatalog([{ path: 'random.yaml', text }]);
    const errors = lint(catalog, contracts).filter((diagnostic) => diagnostic.severity === 'error');
    if (errors.length === 0) return { text, parameters, rounds };
    if (!mend(lines, errors)) throw new Error(`cannot be mended: ${JSON.stringify(errors[0])}\n${text}`);
  }
  return undefined;
}

function mend(lines: Line[], errors: readonly Diagnostic[]): boolean {
  const wrong = new Set(errors.map((error) => error.range.start.line - 1));
  let changed = false;
  for (const at of [...wrong].sort((a, b) => b - a)) {
    const line = lines[at];
    if (!line?.others) continue;
    changed = true;
    const [next, ...others] = line.others;
    if (next === undefined) lines.splice(at, 1);
    else lines[at] = { text: next, others };
  }
  return changed;
}

const kinds: { [type: string]: JsonSchema[] } = {
  string: [{}, { enum: ['red', 'green'] }],
  integer: [{ minimum: 0, maximum: 50 }],
  number: [{ minimum: 0, maximum: 5 }],
  boolean: [{}],
  object: [
    {
      properties: { alpha: { type: 'integer', minimum: 0, maximum: 5 }, beta: { type: 'string' } },
      required: ['alpha'],
      additionalProperties: false,
    },
  ],
  array: [
    { items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 0, maxItems: 3 },
    { items: { type: 'string' }, minItems: 1, maxItems: 3 },
  ],
};

function parameter(random: Random, at: number) {
  const type = random.pick(Object.keys(kinds));
  const more = random.pick(kinds[type] as JsonSchema[]);
  return { name: `p${at}`, schema: { type, ...more } as JsonSchema, more, type, required: random.chance(0.7) };
}

function workflow(random: Random, contracts: readonly Callable[], parameters: ReturnType<typeof parameter>[]): Line[] {
  const lines: Line[] = [
    'apiVersion: maestro/v1',
    'kind: Workflow',
    'metadata: { name: random, version: 1.0.0 }',
    'spec:',
    '  policy: { purpose: test, authority: test, license: test }',
    '  parameters:',
    ...parameters.map(
      ({ name, type, more, required }) => `    - { name: ${name}, type: ${type}, required: ${required}, schema: ${JSON.stringify(more)} }`,
    ),
    '  tasks:',
  ].map((text) => ({ text }));
  const roots: Source[] = parameters.map(({ name, schema }) => ({ path: `params.${name}`, schema }));
  const tasks: Task[] = [];
  const count = 2 + random.int(5);
  for (let at = 0; at < count; at++) {
    const task: Task = {
      id: `t${at}`,
      contract: random.pick(contracts),
      needs: tasks.filter(() => random.chance(0.5)).map(({ id }) => id),
      tolerant: random.chance(0.2),
      checksStatus: false,
    };
    lines.push(...taskLines(random, task, roots, tasks));
    tasks.push(task);
  }
  const all = sourcesBelow([...roots, ...tasks.map(outputOf)]);
  lines.push({ text: '  outputs:' }, { text: '    always: here' });
  for (let at = 0; at < 3; at++) lines.push(attempts(`    o${at}: `, TRIES, () => randomExpression(random, all)));
  if (random.chance(0.4)) {
    const hook: Task = { id: 'last', contract: random.pick(contracts), needs: [], tolerant: false, checksStatus: false };
    lines.push({ text: random.chance(0.5) ? '  finally:' : '  onFailure:' }, ...taskLines(random, hook, roots, tasks, true));
  }
  return lines;
}

function taskLines(random: Random, task: Task, roots: readonly Source[], before: readonly Task[], isHook = false): Line[] {
  const { id, contract, needs } = task;
  const readable = before.filter((other) => needs.includes(other.id) || random.chance(0.1));
  const sources = sourcesBelow([...roots, ...readable.map(outputOf), { path: 'run.id', schema: { type: 'string' } }]);
  const lines: Line[] = [{ text: `    - id: ${id}` }, { text: `      uses: ${contract.name}@${contract.version}` }];
  if (needs.length > 0) lines.push({ text: `      needs: [${needs.join(', ')}]` });
  if (task.tolerant) lines.push({ text: '      continueOnError: true' });
  if (random.chance(0.3)) lines.push(attempts('      when: ', TRIES, () => condition(random, sources, readable)));
  let inside = sources;
  if (random.chance(0.25)) {
    const list = random.pick(sources);
    const items = (list.schema as { items?: JsonSchema }).items ?? { type: 'integer' };
    task.forEach = { line: { text: `      forEach: ${quoted(list.path)}`, others: ['      forEach: [1, 2, 3]'] }, items };
    lines.push(task.forEach.line);
    inside = [...sources, ...sourcesBelow([{ path: 'item', schema: items }]), { path: 'index', schema: { type: 'integer' } }];
  }
  lines.push({ text: '      with:' });
  const { properties, required } = contract.input as { properties: { [name: string]: JsonSchema }; required: string[] };
  for (const [name, schema] of Object.entries(properties)) {
    if (!required.includes(name) && random.chance(0.5)) continue;
    const value = `        ${name}: ${literalText(randomValue(random, schema))}`;
    const alike = inside.filter((source) => source.schema.type === schema.type);
    const { text, others = [] } = attempts(`        ${name}: `, 2 * TRIES, (at) =>
      randomExpression(random, at % 2 === 0 ? alike : inside, at % 3),
    );
    lines.push({ text, others: [...others, value] });
  }
  if (lines.at(-1)?.text === '      with:') lines.pop();
  if (!isHook && random.chance(0.25)) lines.push(...compensation(random, contract, inside, id));
  return lines;
}

/** Undoes a task by calling it again, with what it returned at hand. */
function compensation(random: Random, contract: Callable, inside: readonly Source[], id: string): Line[] {
  const sources = [...inside, ...sourcesBelow([{ path: `tasks.${id}.output`, schema: contract.output }])];
  const { properties, required } = contract.input as { properties: { [name: string]: JsonSchema }; required: string[] };
  const lines: Line[] = [{ text: '      compensate:' }, { text: `        uses: ${contract.name}@${contract.version}` }];
  if (required.length > 0) lines.push({ text: '        with:' });
  for (const name of required) {
    const { text, others = [] } = attempts(`          ${name}: `, TRIES, () => randomExpression(random, sources, 1));
    lines.push({ text, others: [...others, `          ${name}: ${literalText(randomValue(random, properties[name] as JsonSchema))}`] });
  }
  return lines;
}

function condition(random: Random, sources: readonly Source[], readable: readonly Task[]): string {
  const task = readable.length > 0 ? random.pick(readable).id : undefined;
  if (task !== undefined && random.chance(0.5)) {
    return random.pick([
      `tasks.${task}.status == "succeeded"`,
      `tasks.${task}.status != "succeeded"`,
      `has(tasks.${task}.output)`,
      'always()',
    ]);
  }
  return randomExpression(random, sources);
}

function outputOf({ id, contract, forEach }: Task): Source {
  const schema = forEach ? { type: 'array', items: contract.output } : contract.output;
  return { path: `tasks.${id}.output`, schema };
}

/** A sub-workflow of one task. */
function innerWorkflow(random: Random, stub: TaskContract): { callable: Callable; lines: Line[] } {
  const lines = [
    '---',
    'apiVersion: maestro/v1',
    'kind: Workflow',
    'metadata: { name: inner, version: 1.0.0 }',
    'spec:',
    '  parameters: [{ name: alpha, type: integer, required: true }, { name: beta, type: string }]',
    `  tasks: [{ id: only, uses: ${stub.name}@${stub.version}, with: ${literalText(randomValue(random, stub.input))} }]`,
    '  outputs:',
    '    alpha: "${params.alpha + 1}"',
    '    beta: \'${params.?beta.orValue("none")}\'',
    '    gamma: "${tasks.only.output}"',
  ];
  const input = {
    type: 'object',
    properties: { alpha: { type: 'integer' }, beta: { type: 'string' } },
    required: ['alpha'],
    additionalProperties: false,
  };
  const output = {
    type: 'object',
    properties: { alpha: { type: 'integer' }, beta: { type: 'string' }, gamma: stub.output },
    required: ['alpha', 'beta', 'gamma'],
    additionalProperties: false,
  };
  return { callable: { name: 'workflows/inner', version: '1.0.0', input, output }, lines: lines.map((text) => ({ text })) };
}

/** How often another expression is tried before giving in. */
const TRIES = 5;

function attempts(prefix: string, tries: number, expression: (at: number) => string): Line {
  const [text = '', ...others] = Array.from({ length: tries }, (_, at) => prefix + quoted(expression(at)));
  return { text, others };
}

function quoted(expression: string): string {
  return JSON.stringify(`\${${expression}}`);
}

/** A literal as JSON, in which `${` stands for itself. */
function literalText(value: unknown): string {
  return JSON.stringify(value).replaceAll('${', () => '$${');
}
