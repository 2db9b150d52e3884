import type { JsonSchema } from '@summit/maestro-sdk';
import { parameterSchema } from './parameter-schema.ts';
import {
  descriptionSchema,
  durationSchema,
  kebab,
  labelsSchema,
  nameSchema,
  policySchema,
  spanSchema,
  taskIdSchema,
  versionSchema,
} from './parts.ts';

const uses: JsonSchema = {
  type: 'string',
  maxLength: 256,
  pattern: '^[a-z][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*@.+$',
  patternErrorMessage: 'must be a task with a version or range, such as ops/disclosure.package@0.1.0',
  description: 'What runs: name@version-or-range of a task, or workflows/name@version-or-range of a sub-workflow',
};

const input: JsonSchema = { type: 'object', description: "The task's input; expressions stand in ${...}" };

const retry: JsonSchema = {
  type: 'object',
  description: 'How failed attempts are repeated, where the error may pass',
  properties: {
    maxAttempts: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Attempts in all, the first included' },
    initialInterval: { ...durationSchema, description: 'Wait before the second attempt' },
    maxInterval: { ...durationSchema, description: 'The longest wait' },
    factor: { type: 'number', minimum: 1, maximum: 100, description: 'Each wait is this many times the one before' },
  },
  required: ['maxAttempts'],
  additionalProperties: false,
};

const timeout: JsonSchema = { ...spanSchema, description: 'Time for one attempt' };

const listOrExpression: JsonSchema[] = [
  { type: 'string', minLength: 1 },
  { type: 'array', maxItems: 10_000 },
];

/** A task of `onFailure` and `finally`. */
const hookFields: { [field: string]: JsonSchema } = {
  id: taskIdSchema,
  uses,
  needs: {
    type: 'array',
    items: { type: 'string', description: 'Id of another task' },
    maxItems: 1_000,
    uniqueItems: true,
    description: 'Tasks that must have succeeded before; without it the task starts at once',
  },
  when: {
    anyOf: [{ type: 'string', minLength: 1 }, { type: 'boolean' }],
    description: 'Condition ${...}; false: the task is skipped, and what needs it',
  },
  forEach: {
    anyOf: [
      ...listOrExpression,
      {
        type: 'object',
        properties: {
          in: { anyOf: listOrExpression, description: 'The list: ${...}' },
          maxParallel: {
            type: 'integer',
            minimum: 1,
            maximum: 1_000,
            description: 'How many items run at the same time; 10 where it is not said',
          },
          onError: {
            enum: ['fail', 'continue'],
            description: 'fail: a failed item fails the task; continue: it yields null',
            default: 'fail',
          },
        },
        required: ['in'],
        additionalProperties: false,
      },
    ],
    description: 'Runs the task once per item of a list; its input sees item and index, its output is the list of outputs',
  },
  with: input,
  retry,
  timeout,
  continueOnError: { type: 'boolean', description: 'The run goes on when the task fails', default: false },
  pool: {
    type: 'string',
    maxLength: 100,
    pattern: kebab,
    patternErrorMessage: 'must be a kebab-case pool name',
    description: 'Runs the task on the workers of that pool',
  },
};

const hook: JsonSchema = { type: 'object', properties: hookFields, required: ['id', 'uses'], additionalProperties: false };

const task: JsonSchema = {
  type: 'object',
  properties: {
    ...hookFields,
    compensate: {
      type: 'object',
      properties: { uses, with: input, retry, timeout },
      required: ['uses'],
      additionalProperties: false,
      description: 'Undoes the task when the run fails or is cancelled after it succeeded',
    },
  },
  required: ['id', 'uses'],
  additionalProperties: false,
};

/** JSON Schema of a `Workflow`: the tasks and how data flows between them. */
export const workflowSchema: JsonSchema = {
  type: 'object',
  properties: {
    apiVersion: { const: 'maestro/v1' },
    kind: { const: 'Workflow' },
    metadata: {
      type: 'object',
      description: 'Name and version',
      properties: {
        name: nameSchema,
        version: versionSchema,
        owner: { type: 'string', maxLength: 200, description: 'who@where' },
        description: descriptionSchema,
        labels: labelsSchema,
      },
      required: ['name', 'version'],
      additionalProperties: false,
    },
    spec: {
      type: 'object',
      description: 'The tasks and how data flows between them',
      properties: {
        parameters: { type: 'array', items: parameterSchema, maxItems: 200, description: 'What the tasks are given' },
        policy: policySchema,
        timeout: { ...spanSchema, description: 'Time for the whole run' },
        tasks: { type: 'array', items: task, minItems: 1, maxItems: 1_000, description: 'The tasks; parallel unless one needs another' },
        outputs: { type: 'object', description: 'What the run returns: name -> value or ${tasks.x.output.y}' },
        onFailure: { type: 'array', items: hook, minItems: 1, maxItems: 1_000, description: 'Tasks that run when the workflow has failed' },
        finally: { type: 'array', items: hook, minItems: 1, maxItems: 1_000, description: 'Tasks that run at the end, however it ended' },
      },
      required: ['tasks'],
      additionalProperties: false,
    },
  },
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  additionalProperties: false,
};
