import type { JsonSchema } from '@summit/maestro-sdk';
import type { Parameter } from '../types/parameter.ts';
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
  run: ExprType | undefined;
  /** Further names, for expressions that are not part of a manifest. */
  names?: ReadonlyMap<string, ExprType>;
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
    tasks:
      types.tasks &&
      new Map(types.tasks.map((task) => [task.id, { readable: task.readable, type: taskType(() => schemaType(task.output)) }])),
    item: types.item && schemaType(types.item),
    run: RUN,
  };
}

/** Parameters or inputs as one object. */
export function parametersType(parameters: readonly Parameter[]): ObjectType {
  return objectOf(
    parameters.map((parameter) => [
      parameter.name,
      { type: parameterType(parameter), required: parameter.required || parameter.default !== undefined },
    ]),
  );
}

const STATUS: ExprType = { kind: 'string', values: ['succeeded', 'failed', 'skipped', 'cancelled', 'pending', 'running'] };

/** A task as `tasks.<id>`. Its output is looked at where an expression does. */
export function taskType(output: () => ExprType): ObjectType {
  let known: ExprType | undefined;
  const field: Field = {
    get type() {
      known ??= output();
      return known;
    },
    required: false,
  };
  return objectOf([
    ['output', field],
    ['status', { type: STATUS, required: true }],
  ]);
}

const initiator: ExprType = objectOf([
  ['id', { type: STRING, required: true }],
  ['roles', { type: { kind: 'list', element: STRING }, required: true }],
]);

const runFields: [string, Field][] = [
  ['id', { type: STRING, required: true }],
  ['startedAt', { type: STRING, required: true }],
  ['dryRun', { type: BOOL, required: true }],
  ['initiator', { type: initiator, required: true }],
];

/** `run` while the run is on. */
export const RUN = objectOf(runFields);

const runError = objectOf([
  ['code', { type: STRING, required: true }],
  ['message', { type: STRING, required: true }],
  ['task', { type: STRING, required: false }],
]);

/** `run` in `onFailure` and `finally`, where it is known how the workflow ended. */
export const ENDED_RUN = objectOf([
  ...runFields,
  ['status', { type: { kind: 'string', values: ['succeeded', 'failed', 'cancelled'] }, required: true }],
  ['error', { type: runError, required: false }],
]);

function objectOf(fields: readonly (readonly [string, Field])[]): ObjectType {
  return { kind: 'object', fields: new Map(fields) };
}
