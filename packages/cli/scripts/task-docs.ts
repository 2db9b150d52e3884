import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import { stringify } from 'yaml';
import { schemaFields, typeOf } from '../src/render/schema.ts';
import { formatDuration } from '../src/text.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Where the pages are. */
export const folder = path.join(root, 'docs/tasks');

/** Where people write what no schema says, by the name of the task. */
const notes = path.join(folder, 'notes');

const tasksCore = path.join(root, 'packages/tasks-core');

/** The reference of the tasks: path within {@link folder} -> Markdown. Needs the built contracts. */
export function pages(): Map<string, string> {
  const tasks = JSON.parse(readFileSync(path.join(tasksCore, 'dist/contracts.json'), 'utf8')) as TaskContract[];
  return new Map([['README.md', index(tasks)], ...tasks.map((task): [string, string] => [`${task.name}.md`, page(task)])]);
}

function index(tasks: TaskContract[]): string {
  const rows = tasks.map(({ name, version, effect, title }) => `| [\`${name}\`](${name}.md) | ${version} | ${effect} | ${title} |`);
  return `# The reference tasks

Generated from the tasks by \`node packages/cli/scripts/task-docs.ts\`; edit a task or the text in \`notes/\`, not its page.
The examples are executed by the tests, those that need a server against one.

| task | version | effect | what it does |
|---|---|---|---|
${rows.join('\n')}
`;
}

function page(task: TaskContract): string {
  const { name, version, title, description, deprecated, examples } = task;
  const more = path.join(notes, `${name}.md`);
  return `${[
    `# ${name}`,
    `${title}. Version ${version}.`,
    ...(deprecated === undefined ? [] : [`**Deprecated**: ${deprecated}`]),
    description,
    ...docstring(name),
    facts(task),
    '## Input',
    fields(task.input),
    '## Output',
    fields(task.output),
    ...(examples.length === 0 ? [] : ['## Examples']),
    ...examples.flatMap((example) => [`${example.title}:`, '```yaml', exampleText(task, example), '```'].join('\n')),
    ...(existsSync(more) ? [readFileSync(more, 'utf8').trim()] : []),
    `Generated from \`packages/tasks-core/src/${name}.ts\`.`,
  ].join('\n\n')}\n`;
}

/** What the comment above the task says: effect, guarantee, what makes a retry safe, errors. */
function docstring(name: string): string[] {
  const source = readFileSync(path.join(tasksCore, `src/${name}.ts`), 'utf8');
  const declared = /\nexport const \w+ = (?:defineTask|connectorTask)\b/.exec(source)?.index;
  const end = declared === undefined ? -1 : source.lastIndexOf('*/', declared);
  const begin = end < 0 ? -1 : source.lastIndexOf('/**', end);
  if (begin < 0 || source.slice(end + 2, declared).trim() !== '') throw new Error(`${name}: its declaration has no comment above it`);
  const lines = source
    .slice(begin + 3, end)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  return [
    lines
      .join('\n')
      .replace(/\{@link (\S+?)\}/g, '`$1`')
      .trim(),
  ];
}

function facts(task: TaskContract): string {
  const rows = [
    ['effect', task.effect],
    ['durable', task.durable ? 'yes: its waits survive a restart' : 'no'],
    ['secrets it may ask for', task.secrets.length === 0 ? 'none' : task.secrets.map((name) => `\`${name}\``).join(', ')],
    ['attempts', task.retry === undefined ? "the engine's default" : `up to ${task.retry.maxAttempts}`],
    ['time limit of an attempt', task.timeout === undefined ? "the engine's default" : formatDuration(task.timeout)],
  ];
  return ['| | |', '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function fields(schema: JsonSchema): string {
  const rows = schemaFields(schema).map(({ path: names, required, type, meaning }) =>
    names.length === 0 ? '| *or* | | |' : `| \`${names.join('.')}\`${required ? ' (required)' : ''} | ${cell(type)} | ${cell(meaning)} |`,
  );
  if (rows.length === 0) return cell(typeOf(schema));
  return ['| field | type | meaning |', '|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

function exampleText({ name, version }: TaskContract, { input, output, error }: TaskContract['examples'][number]): string {
  const step = stringify({ uses: `${name}@${version}`, with: input }, { lineWidth: 120 }).trimEnd();
  const outcome = error === undefined ? (output === undefined ? '' : stringify({ returns: output })) : stringify({ 'fails with': error });
  const remarks = outcome.trimEnd().split('\n').filter(Boolean);
  return [step, ...remarks.map((line) => `# ${line}`)].join('\n');
}

/** Every page there is, by its path within {@link folder}; notes are none. */
export async function written(): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(`notes${path.sep}`));
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const wanted = pages();
  for (const file of await written()) if (!wanted.has(file)) await rm(path.join(folder, file));
  for (const [file, text] of wanted) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
}
