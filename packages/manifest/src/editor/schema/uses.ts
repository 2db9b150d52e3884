import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import satisfies from 'semver/functions/satisfies.js';
import type { Workflow } from '../../model/manifest.ts';
import { sorted } from '../../resolve/versions.ts';
import { valueSchema } from '../../schema/parameter-schema.ts';
import type { AnySchema } from '../../schema/refs.ts';
import { choice } from './draft07.ts';
import { withExpressions } from './with-expressions.ts';

/** Something that can be used under a name and a version, and what it takes in `with`. */
export interface Usable {
  /** `connectors/s3.get`, `workflows/fetch`; of a workflow that a runbook runs, its bare name. */
  name: string;
  version: string;
  title: string;
  description: string;
  input: JsonSchema;
}

export function usableTask({ name, version, title, description, effect, deprecated, input }: TaskContract): Usable {
  const facts = [...(deprecated === undefined ? [] : [`Deprecated: ${deprecated}`]), description, `Effect: ${effect}`];
  return { name, version, title, description: facts.join('\n\n'), input: described(input, title, description) };
}

/** A text as it is and as Markdown: editors that show Markdown escape what is not said to be. */
function told(text: string): JsonSchema {
  return { description: text, markdownDescription: text };
}

/** Without a title of the whole: editors show it once more with every field. */
function described(input: JsonSchema, title: string, description: string): JsonSchema {
  const { title: own = title, ...rest } = input;
  return { ...told(`${String(own)}\n\n${description}`), ...rest };
}

/** A workflow under `name`; parameters without a value of their own are required where nothing else could fill them. */
export function usableWorkflow(workflow: Workflow, name: string, bindsInputs: boolean): Usable {
  const { version = '', parameters } = workflow;
  const metadata = workflow.root.entries.get('metadata')?.value;
  const described = metadata?.kind === 'map' ? metadata.entries.get('description')?.value : undefined;
  const description = described?.kind === 'scalar' && typeof described.value === 'string' ? described.value : `Workflow ${workflow.name}`;
  const input: JsonSchema = {
    description,
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ parameter }) => [parameter.name, parameterSchema(parameter)])),
    additionalProperties: !workflow.parametersSound,
  };
  const required = parameters.filter(({ parameter }) => parameter.required && parameter.default === undefined);
  if (!bindsInputs && required.length > 0) input.required = required.map(({ parameter }) => parameter.name);
  return { name, version, title: `Workflow ${workflow.name}`, description, input };
}

function parameterSchema(parameter: Parameters<typeof valueSchema>[0]): JsonSchema {
  const schema = valueSchema(parameter);
  return parameter.default === undefined ? schema : { ...schema, default: parameter.default };
}

/** The choices of `uses` or `workflowRef`, newest first, beside whatever the language allows: a range, or what is not installed yet. */
export function referenceSchema(base: JsonSchema, usables: readonly Usable[]): JsonSchema {
  const { description, ...free } = base;
  // Free text is the first branch: of the mistakes an editor shows those of the branch it likes best, and of equals the first.
  const choices = ordered(usables).map(({ name, version, title, description: text }) => ({
    const: `${name}@${version}`,
    title,
    ...told(text),
  }));
  return { description, anyOf: [free, ...choices] };
}

/** Conditions that select the schema of `with` by `field`, which is `uses` or `workflowRef`. */
export function selections(field: string, usables: readonly Usable[], definitions: { [name: string]: AnySchema }): JsonSchema[] {
  const byName = Map.groupBy(ordered(usables), ({ name }) => name);
  return [...byName].map(([name, versions]) =>
    choice(
      { properties: { [field]: { type: 'string', pattern: `^${escaped(name)}@` } }, required: [field] },
      ofVersions(field, name, versions, definitions),
    ),
  );
}

function ofVersions(field: string, name: string, versions: readonly Usable[], definitions: { [name: string]: AnySchema }): JsonSchema {
  const inputs = versions.map((usable) => {
    const key = `${usable.name.replace('/', '.')}@${usable.version}`;
    definitions[key] = withExpressions(usable.input, key, definitions);
    return { $ref: `#/definitions/${key}`, needed: Array.isArray(usable.input.required) && usable.input.required.length > 0 };
  });
  const input = (at: number): JsonSchema => {
    const { $ref, needed } = inputs[at] as (typeof inputs)[number];
    return { properties: { with: { $ref } }, ...(needed ? { required: ['with'] } : {}) };
  };
  if (versions.length === 1) return input(0);
  const any = { properties: { with: { anyOf: inputs.map(({ $ref }) => ({ $ref })) } } };
  return versions.reduceRight<JsonSchema>((otherwise, { version }, at) => {
    const refs = rangesOf(version, versions).map(escaped).join('|');
    return choice({ properties: { [field]: { type: 'string', pattern: `^${escaped(name)}@(${refs})$` } } }, input(at), otherwise);
  }, any);
}

/** The usual ways to write a version or range that select this one among those there are. */
function rangesOf(version: string, all: readonly Usable[]): string[] {
  const [major, minor, patch] = version.split(/[.+-]/);
  const written = [version, `=${version}`, '*', `>=${version}`];
  for (const part of [`${major}.${minor}.${patch}`, `${major}.${minor}`, `${major}`]) written.push(`^${part}`, `~${part}`, part);
  written.push(`${major}.${minor}.x`, `${major}.x`);
  const versions = sorted(all.map((usable) => usable.version));
  return [...new Set(written)].filter((range) => versions.find((candidate) => satisfies(candidate, range)) === version);
}

/** By name, then newest first. */
function ordered(usables: readonly Usable[]): Usable[] {
  const byName = Map.groupBy(usables, ({ name }) => name);
  return [...byName.keys()].sort().flatMap((name) => {
    const versions = byName.get(name) ?? [];
    return sorted(versions.map(({ version }) => version)).flatMap((version) => versions.find((usable) => usable.version === version) ?? []);
  });
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
