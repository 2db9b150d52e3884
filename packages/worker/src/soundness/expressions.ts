import type { JsonSchema } from '@summit/maestro-sdk';
import type { Random } from './random.ts';

/** Something an expression can read, and what is known of it. */
export interface Source {
  path: string;
  schema: JsonSchema;
}

/** All that can be read from some roots, fields of fields included. */
export function sourcesBelow(roots: readonly Source[]): Source[] {
  const found: Source[] = [];
  const open = [...roots];
  for (const source of open) {
    found.push(source);
    const { properties } = source.schema as { properties?: { [name: string]: JsonSchema } };
    for (const [name, schema] of Object.entries(properties ?? {})) open.push({ path: `${source.path}.${name}`, schema });
    if (found.length > 60) break;
  }
  return found;
}

/**
 * A random expression over some sources. Many are wrong for the place where they will stand, some are wrong anywhere: it is the
 * checker that has to tell. None divides, indexes or converts, which may fail whatever the types are.
 */
export function randomExpression(random: Random, sources: readonly Source[], depth = 2): string {
  const leaf = () => (sources.length > 0 && random.chance(0.8) ? random.pick(sources).path : literal(random));
  const sub = () => (depth > 0 && random.chance(0.5) ? randomExpression(random, sources, depth - 1) : leaf());
  const shapes: (() => string)[] = [
    leaf,
    leaf,
    () => `${sub()} + ${sub()}`,
    () => `${sub()} - ${sub()} * 2`,
    () => `${sub()} == ${sub()}`,
    () => `${sub()} < ${sub()}`,
    () => `(${sub()}) && (${sub()})`,
    () => `!(${sub()})`,
    () => `(${sub()}) ? (${sub()}) : (${sub()})`,
    () => `size(${sub()})`,
    () => `string(${sub()})`,
    () => `[${sub()}, ${sub()}]`,
    () => `{"alpha": ${sub()}, "beta": ${sub()}}`,
    () => `(${sub()}) in (${sub()})`,
    () => withField(random, leaf(), (path, name) => `has(${path}.${name}) ? ${path}.${name} : ${literal(random)}`),
    () => withField(random, leaf(), (path, name) => `${path}.?${name}.orValue(${literal(random)})`),
    () => withField(random, leaf(), (path, name) => `${path}.map(v, v.${name})`),
    () => withField(random, leaf(), (path, name) => `${path}.filter(v, has(v.${name})).map(v, v.${name})`),
    () => withField(random, leaf(), (path, name) => `${path}.?${name}`),
    () => ifNotNull(leaf()),
    () => `${leaf()}.map(v, ${random.pick(['v', 'v + 1', 'string(v)', '[v]', '{"alpha": v}'])})`,
    () => `${leaf()}.exists(v, v == ${literal(random)})`,
    () => `${leaf()}.startsWith("r")`,
    () => `${leaf()}.join("-")`,
    () => `toJson(${leaf()})`,
  ];
  return random.pick(shapes)();
}

function literal(random: Random): string {
  return random.pick(['"red"', '"x"', '1', '7', '2.5', 'true', 'null', '[]', '{}', '"fixed"']);
}

function ifNotNull(path: string): string {
  return `${path} != null ? ${path} : "none"`;
}

function withField(random: Random, path: string, write: (path: string, name: string) => string): string {
  return write(path, random.pick(['alpha', 'beta', 'gamma', 'delta', 'extra']));
}
