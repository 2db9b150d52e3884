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
  const calls: JsonSchema[] = selections('uses', usables, definitions);
  const fields = toDraft07(workflowSchema, (schema) => choose(schema, 'uses', usables, calls));
  const bindings = selections('workflowRef', referable, definitions);
  const runbook = toDraft07(runbookSchema, (schema) => choose(schema, 'workflowRef', referable, bindings));
  definitions.Runbook = runbook;
  definitions.Workflow = fields;
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

/** Wherever `field` stands beside a `with`, it offers the choices there are and selects what `with` takes. */
function choose(schema: JsonSchema, field: string, usables: readonly Usable[], conditions: JsonSchema[]): JsonSchema {
  const { properties } = schema;
  if (!isSchemas(properties) || !isSchema(properties.with)) return schema;
  const base = properties[field];
  if (base === undefined || typeof base === 'boolean') return schema;
  const all = [...(Array.isArray(schema.allOf) ? schema.allOf : []), ...conditions];
  return { ...schema, properties: { ...properties, [field]: referenceSchema(base, usables) }, ...(all.length > 0 ? { allOf: all } : {}) };
}
