import type { JsonSchema } from '@summit/maestro-sdk';
import { parameterSchema } from './parameter-schema.ts';
import { descriptionSchema, kebab, labelsSchema, nameSchema, policySchema, roleSchema, spanSchema, versionSchema } from './parts.ts';

const approvals: JsonSchema = {
  type: 'object',
  description: 'The run waits for these decisions before its first task',
  properties: {
    required: { type: 'boolean', description: 'Whether decisions are needed' },
    approvers: { type: 'array', items: roleSchema, minItems: 1, maxItems: 100, uniqueItems: true, description: 'Roles that are asked' },
    quorum: {
      anyOf: [{ const: 'all' }, { type: 'integer', minimum: 1 }],
      description: 'all: one decision per role; a number: that many of the roles',
      default: 'all',
    },
    expiresIn: { ...spanSchema, description: 'How long the run waits, e.g. 7d' },
    allowSelfApproval: { type: 'boolean', description: "Whether the initiator's own decision counts", default: false },
  },
  required: ['required', 'approvers'],
  additionalProperties: false,
};

/** JSON Schema of a `Runbook`: who may run what, with which inputs, after whose approval. */
export const runbookSchema: JsonSchema = {
  type: 'object',
  properties: {
    apiVersion: { const: 'maestro/v1' },
    kind: { const: 'Runbook' },
    metadata: {
      type: 'object',
      description: 'Name, version and owner, and who may run it',
      properties: {
        name: nameSchema,
        version: versionSchema,
        owner: {
          type: 'string',
          maxLength: 200,
          pattern: '^[^@\\s]+@[^@\\s]+$',
          patternErrorMessage: 'must name an owner as who@where',
          description: 'The team or person who answers for it, such as sre@summit',
        },
        description: descriptionSchema,
        labels: labelsSchema,
        allowList: {
          type: 'object',
          properties: { roles: { type: 'array', description: 'Roles', items: roleSchema, minItems: 1, maxItems: 100, uniqueItems: true } },
          required: ['roles'],
          additionalProperties: false,
          description: 'The initiator needs one of these roles; absent: anyone authenticated',
        },
        approvals,
      },
      required: ['name', 'version', 'owner'],
      additionalProperties: false,
    },
    spec: {
      type: 'object',
      description: 'The workflow and its inputs',
      properties: {
        type: { enum: ['ops', 'data', 'cicd', 'chaos', 'demo'], description: 'Section of the catalog' },
        inputs: { type: 'array', items: parameterSchema, maxItems: 200, description: 'What the operator is asked for' },
        workflowRef: {
          type: 'string',
          maxLength: 256,
          pattern: `${kebab.slice(0, -1)}@.+$`,
          patternErrorMessage: 'must be name@version or name@range, such as disclosure-packager@1.0.0',
          description: 'The workflow that runs: name@version-or-range',
        },
        with: {
          type: 'object',
          description: 'Workflow parameter -> value or ${inputs.x}; an input binds to the parameter of its name by itself',
        },
        policy: policySchema,
        dryRun: { type: 'boolean', description: 'Runs are previews unless the operator explicitly asks for execution', default: false },
      },
      required: ['workflowRef'],
      additionalProperties: false,
    },
  },
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  additionalProperties: false,
};
