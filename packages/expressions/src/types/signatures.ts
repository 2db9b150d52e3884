import { environment } from '../environment.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { combinationsOf, type Doubt, tellPartly } from './doubt.ts';
import { alternatives, BOOL, DOUBLE, DYN, type ExprType, INT, isScalar, join, joinAll, NEVER, NULL, STRING } from './type.ts';

/** A type in a signature; `A` stands for whatever is given. */
type Pattern =
  | { kind: 'type'; type: ExprType }
  | { kind: 'variable'; name: string }
  | { kind: 'list' | 'optional'; of: Pattern }
  | { kind: 'map' };

/** One way to call a function. */
export interface Overload {
  receiver?: Pattern;
  args: readonly Pattern[];
  result: Pattern;
  /** As messages show it: `(string, int)`. */
  shown: string;
}

interface Functions {
  global: ReadonlyMap<string, readonly Overload[]>;
  methods: ReadonlyMap<string, readonly Overload[]>;
  /** Variables that only hold functions (`strings`), by the name of their type. */
  namespaces: ReadonlyMap<string, string>;
  /** Names of types, as `int` in `type(x) == int`. */
  types: ReadonlySet<string>;
}

let known: Functions | undefined;

/** What can be called: read from the environment in which expressions are evaluated, so that checking knows the same functions. */
export function functions(): Functions {
  known ??= read();
  return known;
}

function read(): Functions {
  const { functions: definitions, variables } = environment(DEFAULT_LIMITS).getDefinitions();
  const global = new Map<string, Overload[]>();
  const methods = new Map<string, Overload[]>();
  for (const { name, receiverType, params, returnType } of definitions) {
    const overload: Overload = {
      ...(receiverType === null ? {} : { receiver: pattern(receiverType) }),
      args: params.map(({ type }) => pattern(type)),
      result: pattern(returnType),
      shown: `(${params.map(({ type }) => short(type)).join(', ')})`,
    };
    const overloads = receiverType === null ? global : methods;
    overloads.set(name, [...(overloads.get(name) ?? []), overload]);
  }
  return {
    global,
    methods,
    namespaces: new Map(variables.filter(({ type }) => type.endsWith('Namespace')).map(({ name, type }) => [name, type])),
    types: new Set(variables.filter(({ type }) => type === 'type').map(({ name }) => name)),
  };
}

function short(type: string): string {
  return type
    .replace('google.protobuf.Timestamp', 'timestamp')
    .replace('google.protobuf.Duration', 'duration')
    .replace(/<dyn(, dyn)?>/, '')
    .replace('dyn', 'any value');
}

function pattern(name: string): Pattern {
  const inner = /^(list|optional)<(.+)>$/.exec(name);
  if (inner) return { kind: inner[1] as 'list' | 'optional', of: pattern(inner[2] as string) };
  if (name.startsWith('map<')) return { kind: 'map' };
  if (/^[A-Z]$/.test(name)) return { kind: 'variable', name };
  return { kind: 'type', type: NAMED[name] ?? { kind: 'namespace', name } };
}

const NAMED: { [name: string]: ExprType } = {
  dyn: DYN,
  ast: DYN,
  string: STRING,
  bool: BOOL,
  int: INT,
  uint: { kind: 'uint' },
  double: DOUBLE,
  bytes: { kind: 'bytes' },
  null: NULL,
  type: { kind: 'type' },
  'google.protobuf.Timestamp': { kind: 'timestamp' },
  'google.protobuf.Duration': { kind: 'duration' },
};

/** Combinations of what the arguments can be are looked at up to this many; beyond, anything goes. */
const MOST_COMBINATIONS = 64;

/**
 * The type of a call with these operands (the receiver first, for a method); `undefined` when no overload can take them.
 * A union fits when one of its members does (`doubt` is told when another does not); a number of JSON has to fit both as
 * an int and as a double.
 */
export function callType(overloads: readonly Overload[], operands: readonly ExprType[], doubt: Doubt): ExprType | undefined {
  if (operands.reduce((count, operand) => count * Math.max(1, alternatives(operand).length), 1) > MOST_COMBINATIONS) {
    doubt.unknown();
    return DYN;
  }
  const state: State = { partial: false };
  const tried = combinationsOf(operands).map((combination) => ({
    operands: combination,
    result: numbersApart(combination, overloads, state),
  }));
  const results = tried.map(({ result }) => result).filter((result) => result !== undefined);
  if (results.length === 0) return tried.length === 0 ? DYN : undefined;
  if (state.partial) doubt.unknown();
  if (state.mixed) doubt.partly(operands.indexOf(state.mixed), state.mixed);
  else if (results.length < tried.length)
    tellPartly(
      tried.map(({ operands: combination, result }) => ({ operands: combination, fits: result !== undefined })),
      doubt,
    );
  return joinAll(results);
}

/** How something fits only in part. */
interface State {
  /** It may be anything. */
  partial: boolean;
  /** It holds elements of which only some fit. */
  mixed?: ExprType;
}

function numbersApart(operands: readonly ExprType[], overloads: readonly Overload[], state: State): ExprType | undefined {
  const at = operands.findIndex((operand) => operand.kind === 'number');
  if (at === -1) return select(overloads, operands, state);
  const asInt = numbersApart(operands.with(at, INT), overloads, state);
  const asDouble = numbersApart(operands.with(at, DOUBLE), overloads, state);
  return asInt && asDouble && join(asInt, asDouble);
}

function select(overloads: readonly Overload[], operands: readonly ExprType[], state: State): ExprType | undefined {
  let result: ExprType | undefined;
  for (const overload of overloads) {
    const patterns = overload.receiver ? [overload.receiver, ...overload.args] : overload.args;
    const bound = new Map<string, ExprType>();
    const tried: State = { partial: false };
    if (patterns.length !== operands.length || !patterns.every((part, i) => matches(part, operands[i] as ExprType, bound, tried))) continue;
    state.partial ||= tried.partial;
    if (tried.mixed) state.mixed ??= tried.mixed;
    const type = instantiate(overload.result, bound);
    result = result ? join(result, type) : type;
    // Overloads exclude one another; several apply only where an operand may be anything.
    if (operands.every((operand) => operand.kind !== 'dyn')) break;
  }
  return result;
}

function matches(part: Pattern, type: ExprType, bound: Map<string, ExprType>, state: State): boolean {
  if (part.kind === 'variable') {
    bound.set(part.name, join(bound.get(part.name) ?? NEVER, type));
    return true;
  }
  if (part.kind === 'type' && part.type.kind === 'dyn') return true;
  if (type.kind === 'dyn') {
    state.partial = true;
    return true;
  }
  switch (part.kind) {
    case 'map':
      return type.kind === 'map' || type.kind === 'object';
    case 'list':
      return type.kind === 'list' && matchesSome(part.of, type.element, type, bound, state);
    case 'optional':
      return type.kind === 'optional' && matchesSome(part.of, type.value, type, bound, state);
    case 'type':
      if (part.type.kind === 'namespace') return type.kind === 'namespace' && type.name === part.type.name;
      return isScalar(type) && type.kind === part.type.kind;
  }
}

/** Of what a container holds, some has to fit. */
function matchesSome(part: Pattern, type: ExprType, container: ExprType, bound: Map<string, ExprType>, state: State): boolean {
  if (part.kind === 'variable') return matches(part, type, bound, state);
  const members = type.kind === 'number' ? [INT, DOUBLE] : alternatives(type);
  const fitting = members.filter((member) => matches(part, member, bound, state));
  if (fitting.length > 0 && fitting.length < members.length) state.mixed ??= container;
  return members.length === 0 || fitting.length > 0;
}

function instantiate(part: Pattern, bound: ReadonlyMap<string, ExprType>): ExprType {
  switch (part.kind) {
    case 'type':
      return part.type;
    case 'variable':
      return bound.get(part.name) ?? DYN;
    case 'map':
      return { kind: 'map', key: DYN, value: DYN };
    case 'list':
      return { kind: 'list', element: instantiate(part.of, bound) };
    case 'optional':
      return { kind: 'optional', value: instantiate(part.of, bound) };
  }
}
