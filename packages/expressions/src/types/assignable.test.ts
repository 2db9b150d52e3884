import { describe, expect, it } from 'vitest';
import { createChecker } from '../check/checker.ts';
import { assignable } from './assignable.ts';

const receipt = { type: 'object', required: ['hash'], properties: { hash: { type: 'string' }, size: { type: 'integer' } } };
const parameter = (name: string, schema: object, type = 'object' as const) => ({ name, type, required: true, schema: schema as never });
const checker = createChecker({
  params: [
    parameter('s', { type: 'string' }),
    parameter('n', { type: 'integer' }),
    parameter('f', { type: 'number' }),
    parameter('maybe', { type: ['string', 'null'] }),
    parameter('either', { type: ['string', 'integer'] }),
    parameter('env', { enum: ['dev', 'prod'] }),
    parameter('rows', { type: 'array', items: receipt }),
    parameter('names', { type: 'array', items: { type: 'string' } }),
    parameter('meta', { type: 'object', additionalProperties: { type: 'string' } }),
    parameter('receipt', receipt),
  ],
});

/** `ok`, or what was expected and found. */
function verdict(source: string, schema: { [keyword: string]: unknown }): string {
  const result = checker.check(source);
  if (!result.ok) throw new Error(result.problems[0]?.message);
  const fits = assignable(result.type, schema);
  return fits.ok ? 'ok' : `expected ${fits.expected}, found ${fits.found}`;
}

describe('assignable', () => {
  it.each([
    ['params.s', { type: 'string', format: 'uri', pattern: '^x' }, 'ok'],
    ['params.s', { type: 'array' }, 'expected array, found string'],
    ['params.s', {}, 'ok'],
    ['params.s', { type: ['array', 'string'] }, 'ok'],
    ['params.s', { enum: ['a', 'b'] }, 'expected "a" or "b", found string'],
    ['"c"', { enum: ['a', 'b'] }, 'expected "a" or "b", found "c"'],
    ['"a"', { const: 'a' }, 'ok'],
    ['params.n', { const: 'a' }, 'expected "a", found int'],
    ['params.n > 1 ? "a" : "c"', { enum: ['a', 'b'] }, 'expected "a" or "b", found "a" or "c"'],
    ['params.n > 1 ? "a" : "b"', { enum: ['a', 'b', 'c'] }, 'ok'],
    ['params.n > 1 ? "a" : "b"', { anyOf: [{ const: 'a' }, { const: 'b' }] }, 'ok'],
    ['params.env', { enum: ['prod', 'test'] }, 'expected "prod" or "test", found "dev" or "prod"'],
    ['params.env', { enum: ['test'] }, 'expected "test", found "dev" or "prod"'],
    ['params.n', { enum: [1, 2] }, 'expected "1" or "2", found int'],
    ['params.n', { type: 'number' }, 'ok'],
    ['params.n', { type: 'integer' }, 'ok'],
    ['params.f', { type: 'integer' }, 'expected integer, found number'],
    ['params.f', { type: 'number' }, 'ok'],
    ['params.n * 1.5', { type: 'integer' }, 'expected integer, found double'],
    ['params.n', { type: 'boolean' }, 'expected boolean, found int'],
    ['null', { type: 'string' }, 'expected string, found null'],
    ['null', { type: 'string', nullable: true }, 'ok'],
    ['params.maybe', { type: 'string' }, 'expected string, found string or null'],
    ['params.maybe', { type: ['string', 'null'] }, 'ok'],
    ['params.either', { type: 'string' }, 'expected string, found string or int'],
    ['params.either', { type: 'array' }, 'expected array, found string or int'],
    ['fromJson(params.s)', { type: 'array' }, 'ok'],
    ['params.names', { type: 'array', items: { type: 'string' } }, 'ok'],
    ['params.names', { type: 'array', items: { type: 'integer' } }, 'expected element: integer, found string'],
    ['[]', { type: 'array', items: { type: 'integer' } }, 'ok'],
    ['params.rows.map(r, r.hash)', { type: 'array', items: { type: 'string' } }, 'ok'],
    ['params.rows', { type: 'array', items: { type: 'string' } }, 'expected element: string, found object'],
    ['params.receipt', receipt, 'ok'],
    [
      'params.receipt',
      { type: 'object', properties: { hash: { type: 'integer' } }, required: ['hash'] },
      'expected field "hash": integer, found string',
    ],
    ['params.receipt', { type: 'object', required: ['sum'] }, 'expected an object with "sum", found one with "hash" and "size"'],
    [
      'params.receipt',
      { type: 'object', properties: {}, additionalProperties: false },
      'expected an object with no field "hash", found one that has it',
    ],
    ['params.receipt', { type: 'object', additionalProperties: { type: 'integer' } }, 'expected field "hash": integer, found string'],
    ['{"hash": params.s}', receipt, 'ok'],
    ['{"hash": params.n}', receipt, 'expected field "hash": string, found int'],
    ['{"size": 1}', receipt, 'expected an object with "hash", found one with "size"'],
    ['params.meta', { type: 'object', additionalProperties: { type: 'integer' } }, 'expected field: integer, found string'],
    ['params.meta', receipt, 'expected an object with "hash", found a map, which may not have it'],
    [
      'params.s',
      { anyOf: [{ type: 'integer' }, { type: 'array', items: { type: 'string' } }] },
      'expected integer or array of string, found string',
    ],
    ['params.n', { anyOf: [{ type: 'integer' }, { type: 'array' }] }, 'ok'],
    ['params.s', { allOf: [{ type: 'string' }, { minLength: 3 }] }, 'ok'],
    ['params.n', { allOf: [{ type: 'string' }, { minLength: 3 }] }, 'expected string, found int'],
    ['params.n', { $ref: '#/$defs/x', $defs: { x: { type: 'string' } } }, 'expected string, found int'],
    ['timestamp(run.startedAt)', { type: 'string', format: 'date-time' }, 'ok'],
    ['duration("1s")', { type: 'integer' }, 'expected integer, found duration'],
    ['b"x"', { type: 'string' }, 'ok'],
    ['dyn(params.n)', { type: 'string' }, 'ok'],
  ])('%s against %j: %s', (source, schema, expected) => {
    expect(verdict(source, schema)).toBe(expected);
  });

  it('ends where type and schema refer to themselves', () => {
    const tree = {
      $ref: '#/$defs/t',
      $defs: { t: { type: 'object', properties: { kids: { type: 'array', items: { $ref: '#/$defs/t' } } }, required: ['kids'] } },
    };
    const checked = createChecker({ item: tree }).check('item');
    expect(checked.ok && assignable(checked.type, tree)).toEqual({ ok: true });
    expect(checked.ok && assignable(checked.type, { $ref: '#' })).toEqual({ ok: true });
  });
});
