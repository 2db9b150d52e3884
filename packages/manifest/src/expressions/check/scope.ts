import type { JsonSchema } from '@summit/maestro-sdk';
import type { Parameter } from '../../plan.ts';
import { parameterType, schemaType } from '../types/schema.ts';
import { BOOL, type ExprType, type Field, type ObjectType, STRING } from '../types/type.ts';

/** What an expression can read at the place where it stands. What is absent here is not there for it. */
export interface ScopeTypes {
  params?: readonly Parameter[] | undefined;
  inputs?: readonly Parameter[] | undefined;
  /** All tasks of the workflow; only `readable` ones (ancestors) may be read. */
  tasks?: readonly { id: string; output: JsonSchema; readable: boolean }[] | undefined;
  /** Inside a `forEach`: what it goes over. There is an `index` then, too. */
  item?: JsonSchema | undefined;
}

/** {@link ScopeTypes} as types. */
export interface Scope {
  params: ObjectType | undefined;
  inputs: ObjectType | undefined;
  tasks: ReadonlyMap<string, TaskInScope> | undefined;
  item: ExprType | undefined;
  run: ExprType;
}

export interface TaskInScope {
  readable: boolean;
  /** With `output` and `status`. */
  type: ObjectType;
}

export function scopeOf(types: ScopeTypes): Scope {
  return {
    params: types.params && parametersType(types.params),
    inputs: types.inputs && parametersType(types.inputs),
    tasks: types.tasks && new Map(types.tasks.map((task) => [task.id, { readable: task.readable, type: taskType(task.output) }])),
    item: types.item && schemaType(types.item),
    run: RUN,
  };
}

function parametersType(parameters: readonly Parameter[]): ObjectType {
  return objectOf(
    parameters.map((parameter) => [
      parameter.name,
      { type: parameterType(parameter), required: parameter.required || parameter.default !== undefined },
    ]),
  );
}

const STATUS: ExprType = { kind: 'string', values: ['succeeded', 'failed', 'skipped', 'cancelled', 'pending', 'running'] };

function taskType(output: JsonSchema): ObjectType {
  return objectOf([
    ['output', { type: schemaType(output), required: false }],
    ['status', { type: STATUS, required: true }],
  ]);
}

const RUN = objectOf([
  ['id', { type: STRING, required: true }],
  ['startedAt', { type: STRING, required: true }],
  ['dryRun', { type: BOOL, required: true }],
  [
    'initiator',
    {
      required: true,
      type: objectOf([
        ['id', { type: STRING, required: true }],
        ['roles', { type: { kind: 'list', element: STRING }, required: true }],
      ]),
    },
  ],
]);

function objectOf(fields: readonly (readonly [string, Field])[]): ObjectType {
  return { kind: 'object', fields: new Map(fields) };
}
