import type { JsonSchema } from '@summit/maestro-sdk';
import { parameterSchema } from './parameter-schema.ts';
import {
  descriptionSchema,
  durationSchema,
  labelsSchema,
  nameSchema,
  notYet,
  policySchema,
  spanSchema,
  taskIdSchema,
  versionSchema,
} from './parts.ts';

const task: JsonSchema = {
  type: 'object',
  properties: {
    id: taskIdSchema,
    uses: {
      type: 'string',
      maxLength: 256,
      pattern: '^[a-z][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*@.+$',
      patternErrorMessage: 'must be a task with a version or range, such as ops/disclosure.package@0.1.0',
      description: 'The task that runs: name@version-or-range',
    },
    needs: {
      type: 'array',
      items: { type: 'string', description: 'Id of another task' },
      maxItems: 1_000,
      uniqueItems: true,
      description: 'Tasks that must have succeeded before; without it the task starts at once',
    },
    with: { type: 'object', description: "The task's input; expressions stand in ${...}" },
    retry: {
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
    },
    timeout: { ...spanSchema, description: 'Time for one attempt' },
    when: notYet('Condition under which the task runs'),
    forEach: notYet('Runs the task once per item of a list'),
    continueOnError: notYet('Lets the run go on when the task fails'),
    compensate: notYet('A task that undoes this one when the run fails later'),
    pool: notYet("Runs the task on another pool's workers"),
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
        onFailure: notYet('Tasks that run when the run fails'),
        finally: notYet('Tasks that run at the end of every run'),
      },
      required: ['tasks'],
      additionalProperties: false,
    },
  },
  required: ['apiVersion', 'kind', 'metadata', 'spec'],
  additionalProperties: false,
};
