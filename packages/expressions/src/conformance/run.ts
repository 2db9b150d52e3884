import { checkerOf } from '../check/checker.ts';
import { scopeOf } from '../check/scope.ts';
import { environment } from '../environment.ts';
import { Failure } from '../errors.ts';
import { instrument } from '../evaluate/instrument.ts';
import { metered } from '../evaluate/meter.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { parseExpression } from '../parse.ts';
import { typeName } from '../types/type.ts';
import { celValue, declaredType, type ProtoValue, shownValue, Unsupported } from './values.ts';

/** A test of CEL's conformance data: `cel.expr.conformance.test.SimpleTest` as JSON. */
export interface ConformanceTest {
  name: string;
  expr: string;
  disableCheck?: boolean;
  checkOnly?: boolean;
  container?: string;
  typeEnv?: { name: string; ident?: { type: { [kind: string]: unknown } } }[];
  bindings?: { [name: string]: { value: ProtoValue } };
  value?: ProtoValue;
  typedResult?: { result?: ProtoValue; deducedType?: { [kind: string]: unknown } };
  evalError?: unknown;
}

/** Its own, so that the variables of the tests are not there for anybody else. */
const limits = { ...DEFAULT_LIMITS };
const declared = new Set<string>();

/** Why a test fails, `undefined` when it passes. */
export function failureOf(test: ConformanceTest): string | undefined {
  try {
    return test.evalError === undefined ? wrongResult(test) : missedError(test);
  } catch (error) {
    if (error instanceof Unsupported) return `unsupported: ${error.message}`;
    throw error;
  }
}

function wrongResult(test: ConformanceTest): string | undefined {
  const expected = test.value ?? test.typedResult?.result ?? { boolValue: true };
  if (!test.checkOnly) {
    const wanted = shownValue(celValue(expected));
    const outcome = evaluate(test);
    if ('error' in outcome) return `${wanted} wanted, but: ${outcome.error}`;
    const found = shownValue(outcome.value);
    if (found !== wanted) return `${wanted} wanted, found ${found}`;
  }
  return test.disableCheck ? undefined : wrongType(test);
}

function wrongType(test: ConformanceTest): string | undefined {
  const result = check(test);
  if (!result.ok) return `does not check: ${result.problems.map(({ message }) => message).join('; ')}`;
  const deduced = test.typedResult?.deducedType;
  if (!deduced) return undefined;
  const wanted = typeName(declaredType(deduced));
  const found = typeName(result.type);
  return wanted === found ? undefined : `type ${wanted} wanted, found ${found}`;
}

/** An error may be found before evaluating as well as by it. */
function missedError(test: ConformanceTest): string | undefined {
  const outcome = evaluate(test);
  return 'error' in outcome ? undefined : `an error wanted, found ${shownValue(outcome.value)}`;
}

function evaluate(test: ConformanceTest): { value: unknown } | { error: string } {
  const variables = Object.fromEntries(Object.entries(test.bindings ?? {}).map(([name, { value }]) => [name, celValue(value)]));
  declare([...Object.keys(variables), ...(test.typeEnv ?? []).map(({ name }) => name)]);
  const result = parseExpression(test.expr, limits);
  if ('problem' in result) return { error: result.problem.message };
  const { parsed } = result;
  instrument(parsed.ast);
  const checked = parsed.check();
  if (!checked.valid) return { error: checked.error?.summary ?? 'it does not check' };
  try {
    return { value: metered(limits, parsed, variables, undefined) };
  } catch (error) {
    if (error instanceof Failure || error instanceof Error) return { error: error.message.split('\n')[0] ?? '' };
    throw error;
  }
}

function check(test: ConformanceTest) {
  const names = new Map((test.typeEnv ?? []).flatMap(({ name, ident }) => (ident ? [[name, declaredType(ident.type)] as const] : [])));
  return checkerOf({ ...scopeOf({}), names }, limits).check(test.expr);
}

function declare(names: readonly string[]): void {
  for (const name of names) {
    if (declared.has(name) || !/^[A-Za-z_]\w*$/.test(name) || ['true', 'false'].includes(name)) continue;
    declared.add(name);
    const env = environment(limits);
    if (!env.hasVariable(name)) env.registerVariable(name, 'dyn');
  }
}
