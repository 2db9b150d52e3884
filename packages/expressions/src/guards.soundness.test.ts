import type { JsonSchema } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChecker, createEvaluator, ExpressionError } from './index.ts';

/*
 * Random schemas with fields that may be absent, null or of several types, values that conform to them, and expressions that read them,
 * guarded or not: what the checker lets through never fails for a missing field, a null or a type.
 */
const NAMES = ['a', 'b', 'kind'];
const leaf = fc.constantFrom<JsonSchema>(
  { type: 'string' },
  { type: 'string' },
  { type: 'integer' },
  { type: ['string', 'null'] },
  { type: ['integer', 'string'] },
  { enum: ['x', null] },
);
const { schema } = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('object'),
    tie('object').map((object): JsonSchema => ({ anyOf: [object, { type: 'null' }] })),
    tie('schema').map((items): JsonSchema => ({ type: 'array', items })),
    fc.tuple(tie('schema'), tie('schema')).map(
      ([a, b]): JsonSchema => ({
        oneOf: [
          { type: 'object', required: ['kind', 'a'], properties: { kind: { const: 'x' }, a } },
          { type: 'object', required: ['kind'], properties: { kind: { const: 'y' }, a: b, b } },
        ],
      }),
    ),
  ),
  object: fc.tuple(fc.dictionary(fc.constantFrom(...NAMES), tie('schema'), { maxKeys: 3 }), fc.subarray(NAMES)).map(
    ([properties, required]): JsonSchema => ({
      type: 'object',
      additionalProperties: false,
      properties,
      required: required.filter((name) => Object.hasOwn(properties, name)),
    }),
  ),
}));

/** Values that conform to a schema. */
function valuesOf(of: JsonSchema): fc.Arbitrary<unknown> {
  const options = (of.anyOf ?? of.oneOf) as JsonSchema[] | undefined;
  if (options) return fc.oneof(...options.map(valuesOf));
  if ('const' in of) return fc.constant(of.const);
  if (Array.isArray(of.enum)) return fc.constantFrom(...of.enum);
  if (Array.isArray(of.type)) return fc.oneof(...of.type.map((type) => valuesOf({ type })));
  switch (of.type) {
    case 'string':
      return fc.constantFrom('', 'x', 'y', 'a');
    case 'integer':
      return fc.integer({ min: -5, max: 5 });
    case 'number':
      return fc.constantFrom(0, 1, 2.5, -3);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(of.items as JsonSchema), { maxLength: 3 });
  }
  const properties = (of.properties ?? {}) as { [name: string]: JsonSchema };
  const fields = Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, valuesOf(field)]));
  return fc.record(fields, { requiredKeys: (of.required ?? []) as string[] });
}

/** The places that a value of a schema can have, as expressions name them. */
function placesOf(schema: JsonSchema, at: string, depth = 3): string[] {
  if (depth === 0) return [at];
  const options = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (options) return options.flatMap((option) => placesOf(option, at, depth));
  const { items, properties } = schema as { items?: JsonSchema; properties?: { [name: string]: JsonSchema } };
  if (items) return [at, at, ...placesOf(items, `${at}[0]`, depth - 1)];
  return [at, ...Object.entries(properties ?? {}).flatMap(([name, field]) => placesOf(field, `${at}.${name}`, depth - 1))];
}

const of = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc.tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part))).map((all) => all.join(''));

function expressionsOf(places: readonly string[]): fc.Arbitrary<string> {
  const path = fc.oneof({ arbitrary: fc.constantFrom(...places), weight: 4 }, { arbitrary: fc.constantFrom('r', 'r.a', 'r.b'), weight: 3 });
  return fc.letrec<{ expression: string; condition: string }>((tie) => grammar(path, tie)).expression;
}

function grammar(path: fc.Arbitrary<string>, tie: fc.LetrecTypedTie<{ expression: string; condition: string }>) {
  const condition = tie('condition');
  const expression = tie('expression');
  const guarded = (build: (p: string) => fc.Arbitrary<string>) => path.chain(build);
  const use = (p: string) => fc.constantFrom(p, p, p, `${p} + 1`, `${p} + "s"`, `size(${p})`, `${p}.a`, `${p}.b`, `${p}[0]`, `${p}.size()`);
  return {
    condition: fc.oneof(
      { maxDepth: 2 },
      guarded((p) => of('has(', p, ')')),
      guarded((p) => of('has(', p, fc.constantFrom('.a', '.b'), ')')),
      guarded((p) => of(p, fc.constantFrom(' != null', ' == null', ' == "x"', ' in ["x"]'))),
      guarded((p) => of('type(', p, fc.constantFrom(') == string', ') == int', ') != int', ') == map', ') == list'))),
      guarded((p) => of('"a" in ', p)),
      of('(', condition, fc.constantFrom(' && ', ' || '), condition, ')'),
      of('!(', condition, ')'),
    ),
    expression: fc.oneof(
      { maxDepth: 3 },
      guarded(use),
      guarded((p) => of('has(', p, '.a) ? ', use(`${p}.a`), ' : ', use(p))),
      guarded((p) => of(p, ' != null ? ', use(p), ' : ', use('params.p'))),
      guarded((p) => of(p, '.kind == "x" ? ', use(`${p}.a`), ' : ', use(`${p}.b`))),
      guarded((p) => of('type(', p, ') == int ? ', use(p), ' : ', use(p))),
      guarded((p) => of(p, '.?a.orValue(', use('params.q'), ')')),
      guarded((p) => of('has(', p, ') ? [', use(p), '] : []')),
      guarded((p) => of('has(', p, ') && ', p, ' != null ? [', use(p), '] : []')),
      of('(', condition, ' ? [', expression, '] : [])'),
      of('(', condition, ' ? [] : [', expression, '])'),
      of('(', condition, ' && ', condition, ')'),
      of('[', expression, ', ', expression, ']'),
      of('{"k": ', expression, '}.k'),
      guarded((p) => of(p, '.map(r, ', expression, ')')),
      guarded((p) => of(p, '.filter(r, ', condition, ').map(r, ', expression, ')')),
      guarded((p) => of(p, '.filter(r, has(r.a)).map(s, ', use('s.a'), ')')),
      guarded((p) => of(p, '.transformList(i, r, ', condition, ', ', expression, ')')),
      guarded((p) => of('cel.bind(r, ', p, ', ', expression, ')')),
      guarded((p) => of(p, '.sortBy(r, ', expression, ').first().hasValue()')),
    ),
  };
}

const evaluator = createEvaluator();
/** What no checker of types sees: indices, conversions, ranges. */
const BEYOND = /has no element|zero|convert|conversion|range|empty list|no JSON|no such element/i;

describe('an expression that checks', () => {
  it('never reads what is not there', () => {
    const seen = { sound: 0, refused: 0, guarded: 0 };
    const cases = fc.tuple(schema, schema, schema).chain(([p, q, opt]) => {
      const schemas = { p, q, opt };
      const places = Object.entries(schemas).flatMap(([name, each]) => placesOf(each, `params.${name}`));
      const expression = expressionsOf(places);
      return fc.record({
        schemas: fc.constant(schemas),
        values: fc.record({ p: valuesOf(p), q: valuesOf(q), opt: valuesOf(opt) }, { requiredKeys: ['p', 'q'] }),
        source: fc
          .tuple(fc.constantFrom('params.p', 'params.q', ...places), expression)
          .map(([place, source]) => `cel.bind(r, ${place}, ${source})`),
      });
    });
    fc.assert(
      fc.property(cases, ({ schemas, values, source }) => {
        const checker = createChecker({
          params: Object.entries(schemas).map(([name, each]) => ({
            name,
            type: 'object',
            required: name !== 'opt',
            schema: { description: '', ...each },
          })),
        });
        const checked = checker.check(source);
        if (!checked.ok) {
          seen.refused++;
          return;
        }
        if (!checked.proven) return;
        seen.sound++;
        if (/has\(|null|type\(|\.\?/.test(source)) seen.guarded++;
        try {
          evaluator.evaluate(source, { params: values });
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          expect(
            error.code === 'expression-value' && BEYOND.test(error.message),
            `${source} over ${JSON.stringify(schemas)}: ${error.message}`,
          ).toBe(true);
        }
      }),
      { numRuns: 8_000 },
    );
    expect(seen.sound).toBeGreaterThan(60);
    expect(seen.guarded).toBeGreaterThan(40);
    expect(seen.refused).toBeGreaterThan(100);
  });
});
