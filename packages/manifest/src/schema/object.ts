import { choices, counted, cut, didYouMean, nearest, quoted } from '@summit/maestro-expressions/text';
import type { Entry, MapNode, Path } from '../parse/node.ts';
import { renamed } from '../parse/unquoted.ts';
import { found } from './describe.ts';
import { matchesPattern } from './pattern.ts';
import { type Checking, MOST_PROBLEMS, type SchemaProblem } from './problem.ts';
import { type AnySchema, isSchema, keyword } from './refs.ts';

type Schema = { [keyword: string]: unknown };
type Fields = { [name: string]: unknown };

/** Fields that are there, then fields that are not. A missing one that only looks misspelt is told once, at its key. */
export function checkObject(checker: Checking, schema: Schema, node: MapNode, path: Path): SchemaProblem[] {
  const properties = fields(keyword(schema, 'properties'));
  const required = strings(keyword(schema, 'required'));
  checker.spend(required.length / 10);
  const missing = new Set(required.filter((name) => !node.entries.has(name)));
  const problems: SchemaProblem[] = [];
  const meant = new Set<string>();
  for (const entry of node.entries.values()) {
    if (problems.length >= MOST_PROBLEMS) break;
    const schemas = schemasOf(checker, schema, properties, entry.name);
    if (required.includes(entry.name) && checker.mayBeAbsent(entry.value)) {
      const text = 'is required, and this value may be absent';
      problems.push({
        kind: 'value',
        node: entry.value,
        path: [...path, entry.name],
        text,
        hint: 'say what to take then: a.?b.orValue(...)',
      });
    } else if (schemas === 'unknown') problems.push(unknown(checker, node, entry, path, properties, missing, meant));
    else for (const fieldSchema of schemas) problems.push(...checker.check(fieldSchema, entry.value, [...path, entry.name]));
  }
  problems.push(...names(checker, schema, node, path), ...sizes(schema, node, path), ...dependents(checker, schema, node, path, missing));
  if (missing.size > 0)
    problems.push({ ...missingProblem(checker, node, path, [...missing]), hint: missingHint([...missing], properties) });
  return problems;
}

/** One or several fields are not there. */
export function missingProblem(
  checker: Checking,
  node: MapNode,
  path: Path,
  missing: string[],
  conjunction: 'and' | 'or' = 'and',
): SchemaProblem {
  const noun = missing.length === 1 ? checker.options.noun : plural(checker.options.noun);
  const text = conjunction === 'and' ? `lacks the required ${noun} ${choices(missing, 'and')}` : `lacks ${choices(missing)}`;
  return { kind: 'missing', node, path, missing, text };
}

/** `add version: Full semantic version` */
function missingHint(missing: string[], properties: Fields): string {
  const described = missing.slice(0, 8).map((name) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const description = isSchema(schema) && typeof schema !== 'boolean' ? keyword(schema, 'description') : undefined;
    return typeof description === 'string' ? `${name} (${description})` : name;
  });
  return cut(`add ${described.join(', ')}${missing.length > 8 ? ', …' : ''}`, 500);
}

function plural(noun: string): string {
  return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

/** The schemas a field has to fit; `unknown` where no field of this name may be. */
function schemasOf(checker: Checking, schema: Schema, properties: Fields, name: string): AnySchema[] | 'unknown' {
  const schemas: AnySchema[] = [];
  const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (isSchema(own)) schemas.push(own);
  for (const [pattern, value] of Object.entries(fields(keyword(schema, 'patternProperties')))) {
    const matches = matchesPattern(pattern, name, (steps) => checker.spend(steps));
    // A pattern of another engine: nobody can say here, so nothing is wrong.
    if (matches === undefined) return [];
    if (matches && isSchema(value)) schemas.push(value);
  }
  if (schemas.length > 0) return schemas;
  const additional = keyword(schema, 'additionalProperties');
  if (additional === false) return 'unknown';
  return isSchema(additional) ? [additional] : [];
}

function unknown(
  checker: Checking,
  node: MapNode,
  entry: Entry,
  path: Path,
  properties: Fields,
  missing: Set<string>,
  /** What earlier ones were probably meant to be: two fixes must not give two fields one name. */
  meant: Set<string>,
): SchemaProblem {
  const free = Object.keys(properties).filter((name) => !node.entries.has(name) && !meant.has(name));
  const near = nearest(entry.name, free)[0] ?? partOf(entry.name, missing, meant);
  const noun = checker.options.noun;
  const problem: SchemaProblem = {
    kind: 'unknown',
    node: entry.value,
    entry,
    path,
    free,
    text: `has an unknown ${noun} ${quoted(entry.name)}${didYouMean(near === undefined ? [] : [near])}`,
  };
  if (near !== undefined) {
    missing.delete(near);
    meant.add(near);
    return { ...problem, near, hint: `write ${near}`, replacement: renamed(entry.key, near) };
  }
  const all = Object.keys(properties);
  return { ...problem, hint: all.length === 0 ? `no ${plural(noun)} are expected here` : `${plural(noun)} there are: ${all.join(', ')}` };
}

/** The one missing field whose name ends like this one: `attempts` for `maxAttempts`. */
function partOf(name: string, missing: Set<string>, meant: Set<string>): string | undefined {
  const end = name.toLowerCase();
  const whole = end.length < 3 ? [] : [...missing].filter((field) => !meant.has(field) && field.toLowerCase().endsWith(end));
  return whole.length === 1 ? whole[0] : undefined;
}

function names(checker: Checking, schema: Schema, node: MapNode, path: Path): SchemaProblem[] {
  const wanted = keyword(schema, 'propertyNames');
  if (!isSchema(wanted)) return [];
  const problems: SchemaProblem[] = [];
  for (const entry of node.entries.values()) {
    const key = { ...entry.key, value: entry.name };
    for (const problem of checker.check(wanted, key, path)) {
      problems.push({ kind: 'value', node: entry.value, entry, path, text: `has a key that ${problem.text}` });
    }
  }
  return problems;
}

function sizes(schema: Schema, node: MapNode, path: Path): SchemaProblem[] {
  const least = keyword(schema, 'minProperties');
  const most = keyword(schema, 'maxProperties');
  const size = node.entries.size;
  const problem = (text: string): SchemaProblem[] => [{ kind: 'value', node, path, text: `${text}, found ${found(node)}` }];
  if (typeof least === 'number' && size < least)
    return problem(least === 1 ? 'must not be empty' : `must have at least ${counted(least, 'key')}`);
  if (typeof most === 'number' && size > most) return problem(`must have at most ${counted(most, 'key')}`);
  return [];
}

/** `dependentRequired`, `dependentSchemas` and draft-07's `dependencies`, which is both. */
function dependents(checker: Checking, schema: Schema, node: MapNode, path: Path, missing: Set<string>): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const name of ['dependentRequired', 'dependentSchemas', 'dependencies']) {
    for (const [trigger, consequence] of Object.entries(fields(keyword(schema, name)))) {
      if (!node.entries.has(trigger)) continue;
      if (Array.isArray(consequence)) for (const wanted of strings(consequence)) !node.entries.has(wanted) && missing.add(wanted);
      else if (isSchema(consequence)) problems.push(...checker.check(consequence, node, path));
    }
  }
  return problems;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
