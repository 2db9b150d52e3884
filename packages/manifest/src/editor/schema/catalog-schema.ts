import type { JsonSchema, TaskContract } from '@summit/maestro-sdk';
import type { Catalog, Workflow } from '../../model/manifest.ts';
import { type AnySchema, isSchema } from '../../schema/refs.ts';
import { runbookSchema } from '../../schema/runbook-schema.ts';
import { workflowSchema } from '../../schema/workflow-schema.ts';
import { choice, isSchemas, toDraft07 } from './draft07.ts';
import { referenceSchema, selections, type Usable, usableTask, usableWorkflow } from './uses.ts';

/**
 * One JSON Schema (draft-07) for the files of a catalog, for editors that know YAML and JSON Schema: `kind` selects the fields,
 * `uses` the fields of `with` from the installed tasks and the workflows of the catalog, `workflowRef` those of a runbook.
 * Every value of a `with` may also be an expression. What it accepts may still be wrong, which `lint` says; what it refuses is.
 */
export function catalogSchema(catalog: Catalog, contracts: readonly TaskContract[]): JsonSchema {
  const definitions: { [name: string]: AnySchema } = {};
  const workflows = identified(catalog);
  const usables = [
    ...contracts.map(usableTask),
    ...workflows.map((workflow) => usableWorkflow(workflow, `workflows/${workflow.name}`, false)),
  ];
  const referable = workflows.map((workflow) => usableWorkflow(workflow, String(workflow.name), true));
  const calls = selector('uses', usables, definitions);
  const bindings = selector('workflowRef', referable, definitions);
  definitions.Runbook = toDraft07(runbookSchema, bindings);
  definitions.Workflow = toDraft07(workflowSchema, calls);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      apiVersion: { const: 'maestro/v1', description: 'Version of the manifest language' },
      kind: {
        enum: ['Runbook', 'Workflow'],
        enumDescriptions: ['Who may run what, with which inputs, after whose approval', 'The tasks and how data flows between them'],
        description: 'What the document describes',
      },
      metadata: { type: 'object', description: 'Name and version' },
      spec: { type: 'object', description: 'What the document says' },
    },
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    allOf: ['Runbook', 'Workflow'].map((kind) =>
      choice({ properties: { kind: { type: 'string', pattern: `^${kind}$` } }, required: ['kind'] }, { $ref: `#/definitions/${kind}` }),
    ),
    definitions,
  };
}

/** Of two with one name and version, which lint tells, the first. */
function identified(catalog: Catalog): Workflow[] {
  const seen = new Set<string>();
  return catalog.manifests.filter((manifest): manifest is Workflow => {
    const key = `${manifest.name}@${manifest.version}`;
    if (manifest.kind !== 'Workflow' || manifest.name === undefined || manifest.version === undefined || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * Makes `field`, wherever it stands beside a `with`, offer the choices there are and select what `with` takes. Both stand in
 * `definitions`: a language has several places for them.
 */
function selector(
  field: string,
  usables: readonly Usable[],
  definitions: { [name: string]: AnySchema },
): (schema: JsonSchema) => JsonSchema {
  const conditions = selections(field, usables, definitions);
  const selected = `${field}.with`;
  if (conditions.length > 0) definitions[selected] = { allOf: conditions };
  return (schema) => {
    const { properties, allOf } = schema;
    if (!isSchemas(properties) || !isSchema(properties.with)) return schema;
    const base = properties[field];
    if (base === undefined || typeof base === 'boolean') return schema;
    definitions[field] ??= referenceSchema(base, usables);
    const reference = { $ref: `#/definitions/${field}` };
    const all = [...(Array.isArray(allOf) ? allOf : []), ...(conditions.length > 0 ? [{ $ref: `#/definitions/${selected}` }] : [])];
    return { ...schema, properties: { ...properties, [field]: reference }, ...(all.length > 0 ? { allOf: all } : {}) };
  };
}
