import type { ExprType } from '@summit/maestro-expressions';
import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import type { Range } from '../diagnostic.ts';
import type { Session } from '../lint/session.ts';
import { allCalls, allTasks, type CallView, type Manifest, type ParameterView, type Workflow } from '../model/manifest.ts';
import { child, isString } from '../parse/node.ts';
import { expressionAt } from './expression-at.ts';
import { fieldSchema } from './field-schema.ts';
import type { LiveCatalog } from './live-catalog.ts';
import { partAt } from './part-at.ts';
import { schemaAt } from './schema-at.ts';
import { type Spot, spotAt } from './spot.ts';
import { typeText } from './type-text.ts';

export interface Hover {
  /** Markdown. */
  text: string;
  range: Range;
}

/** What is to be said of what stands at an offset: the type of an expression's part, a task, a field. */
export function hoverAt(catalog: LiveCatalog, path: string, offset: number): Hover | undefined {
  const spot = spotAt(catalog.manifests(path), offset);
  if (!spot) return undefined;
  const { session } = catalog;
  return ofExpression(session, spot, offset) ?? ofField(session, spot);
}

function ofExpression(session: Session, { manifest }: Spot, offset: number): Hover | undefined {
  const spot = expressionAt(session, manifest, offset);
  const part = spot && partAt(session, spot);
  if (!spot || !part?.type) return undefined;
  const { start, end } = spot.span(part.start, part.end);
  const about = part.names && aboutName(session, manifest, part.names);
  return { text: joined([typed(part.source, part.type), about]), range: manifest.file.range(start, end) };
}

/** What is known of a name beyond its type. */
function aboutName(session: Session, manifest: Manifest, [root, name, field, ...rest]: string[]): string | undefined {
  if (root === 'params' || root === 'inputs') {
    const views = manifest.kind === 'Runbook' ? manifest.inputs : manifest.parameters;
    return views.find(({ parameter }) => parameter.name === name)?.parameter.description;
  }
  if (root !== 'tasks' || manifest.kind !== 'Workflow') return undefined;
  const task = allTasks(manifest).find(({ id }) => id?.value === name);
  const target = task && session.targetOf(task);
  if (!target || (field !== undefined && field !== 'output')) return undefined;
  if (target.kind === 'workflow') return `Output of ${workflowTitle(target.workflow)}`;
  const described = rest.length === 0 ? undefined : schemaAt(target.contract.output, rest)?.description;
  return typeof described === 'string'
    ? described
    : `Output of ${target.contract.name}@${target.contract.version}: ${target.contract.title}`;
}

function ofField(session: Session, spot: Spot): Hover | undefined {
  const { manifest, entry, onKey, node, path } = spot;
  const place = entry && (onKey ? entry.key : isScalarValue(spot) ? node : undefined);
  const range = place && manifest.file.range(place.start, place.end);
  if (!onKey) {
    const text = aboutReference(session, manifest, spot);
    if (text !== undefined) return { text, range: manifest.file.range(node.start, node.end) };
  }
  if (!entry || !range) return undefined;
  const schema = fieldSchema(session, manifest, path);
  const text = schema && fieldText(entry.name, schema);
  return text === undefined ? undefined : { text, range };
}

function isScalarValue({ node }: Spot): boolean {
  return node.kind === 'scalar' && node.empty !== true;
}

/** What `uses`, `needs` or `workflowRef` names, and what the name of a parameter or the id of a task stands for. */
function aboutReference(session: Session, manifest: Manifest, { path, node }: Spot): string | undefined {
  if (!isString(node)) return undefined;
  const views = manifest.kind === 'Runbook' ? manifest.inputs : manifest.parameters;
  const view = views.find(({ name }) => name === node);
  if (view) {
    const { parameter } = view;
    const source = `${manifest.kind === 'Runbook' ? 'inputs' : 'params'}.${parameter.name}`;
    return joined([named(session, manifest, source), parameter.description]);
  }
  if (manifest.kind === 'Runbook') {
    const workflow = manifest.workflowRef?.node === node ? session.workflowOf(manifest) : undefined;
    return workflow && workflowText(workflow);
  }
  const own = allTasks(manifest).find(({ id }) => id === node);
  if (own) return joined([named(session, manifest, `${taskName(node.value)}.output`), targetText(session, own)]);
  const call = allCalls(manifest).find(({ uses }) => uses?.node === node);
  const needed = path.at(-2) === 'needs' ? allTasks(manifest).find(({ id }) => id?.value === node.value) : undefined;
  return call ? targetText(session, call) : needed && targetText(session, needed);
}

/** What an expression would read under a name. */
function named(session: Session, manifest: Manifest, source: string): string | undefined {
  let type: ExprType | undefined;
  session.checkerAt({ manifest, place: manifest.kind === 'Runbook' ? 'bindings' : 'outputs' }).check(source, {
    // The last is all of it.
    observe: (_, found) => {
      type = found;
    },
  });
  return type && typed(source, type);
}

/** As expressions name it. */
function taskName(id: string): string {
  return /^[a-z]\w*$/.test(id) ? `tasks.${id}` : `tasks["${id}"]`;
}

function targetText(session: Session, call: CallView): string | undefined {
  const target = session.targetOf(call);
  if (!target) return undefined;
  return target.kind === 'task' ? taskText(target.contract) : workflowText(target.workflow);
}

/** A task for people, in Markdown. */
export function taskText(contract: TaskContract): string {
  const { name, version, title, description, effect, durable, deprecated, secrets } = contract;
  const facts = [`Effect: \`${effect}\``];
  if (durable) facts.push('waits durably');
  if (secrets.length > 0) facts.push(`secrets: ${secrets.map((secret) => `\`${secret}\``).join(', ')}`);
  const warning = deprecated === undefined ? undefined : `**Deprecated:** ${deprecated}`;
  return joined([`**${title}** (\`${name}@${version}\`)`, warning, description, facts.join(' · ')]);
}

function workflowText(workflow: Workflow): string {
  const described = child(child(workflow.root, 'metadata'), 'description');
  const parameters = workflow.parameters.map(parameterLine);
  return joined([`**${workflowTitle(workflow)}**`, isString(described) ? described.value : undefined, parameters.join('\n')]);
}

function workflowTitle({ name, version }: Workflow): string {
  return `Workflow ${name}@${version}`;
}

function parameterLine({ parameter }: ParameterView): string {
  const { name, type, required, description } = parameter;
  return `* \`${name}\`: ${type}${required ? '' : ', optional'}${description === undefined ? '' : `. ${description}`}`;
}

/** A field for people, in Markdown; `undefined` where there is nothing to say. */
export function fieldText(name: string, schema: JsonSchema): string | undefined {
  const { description, type, default: byDefault, enum: values, deprecated } = schema;
  const types = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : undefined;
  const facts: string[] = [];
  if (Array.isArray(values)) facts.push(`One of ${values.map((value) => `\`${JSON.stringify(value)}\``).join(', ')}`);
  if (byDefault !== undefined) facts.push(`Default: \`${JSON.stringify(byDefault)}\``);
  if (deprecated === true) facts.push('Deprecated');
  if (typeof description !== 'string' && types === undefined && facts.length === 0) return undefined;
  const heading = types === undefined ? `**${name}**` : `**${name}**: ${types}`;
  return joined([heading, typeof description === 'string' ? description : undefined, facts.join(' · ')]);
}

function typed(source: string, type: ExprType): string {
  const shown = source.length > 80 ? `${source.slice(0, 79)}…` : source;
  return `\`\`\`\n${shown.replaceAll('```', "'''")}: ${typeText(type)}\n\`\`\``;
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}
