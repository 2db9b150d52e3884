import { describe, expect, it } from 'vitest';
import type { Parameter } from '../types/parameter.ts';
import { typeName } from '../types/type.ts';
import { createChecker } from './checker.ts';

const receipt = {
  type: 'object',
  required: ['hash', 'size', 'note', 'kind'],
  properties: {
    hash: { type: 'string' },
    size: { type: 'integer' },
    note: { type: ['string', 'null'] },
    kind: { enum: ['image', 'text'] },
  },
};
const output = {
  type: 'object',
  required: ['rows', 'count', 'ratio', 'meta', 'open', 'either', 'page', 'tree'],
  properties: {
    rows: { type: 'array', items: receipt },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    meta: { type: 'object', additionalProperties: { type: 'string' } },
    open: { type: 'object', required: ['a'], properties: { a: { type: 'string' } }, additionalProperties: true },
    either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    page: { anyOf: [receipt, { type: 'null' }] },
    tree: { $ref: '#/$defs/tree' },
  },
  $defs: {
    tree: {
      type: 'object',
      required: ['value', 'kids'],
      properties: { value: { type: 'integer' }, kids: { type: 'array', items: { $ref: '#/$defs/tree' } } },
    },
  },
};
const parameter = (name: string, type: Parameter['type'], more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  required: true,
  ...more,
});
const scope = {
  params: [
    parameter('bucket', 'string'),
    parameter('n', 'integer'),
    parameter('price', 'number'),
    parameter('dry', 'boolean'),
    parameter('names', 'array', { schema: { items: { type: 'string' } } }),
    parameter('my-list', 'array'),
    parameter('any', 'object'),
    parameter('env', 'string', { enum: ['dev', 'prod'] }),
  ],
  tasks: [
    { id: 'fetch', output, readable: true },
    { id: 'create-ns', output: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } }, readable: true },
    { id: 'later', output: {}, readable: false },
  ],
  item: receipt,
};
const checker = createChecker(scope);

/** `type` of a sound expression; of another one a line per problem: its code, what it points at, what it says. */
function outcome(source: string, at = checker): string {
  const result = at.check(source);
  if (result.ok) return typeName(result.type);
  return result.problems
    .map(({ code, start, end, message, hint, replacement }) => {
      const mended = replacement === undefined ? '' : ` -> ${replacement}`;
      return `${code} [${source.slice(start, end)}${mended}] ${message}${hint === undefined ? '' : ` | ${hint}`}`;
    })
    .join('\n');
}

describe('types', () => {
  it.each([
    ['params.bucket', 'string'],
    ['params["my-list"]', 'list'],
    ['params.names[0]', 'string'],
    ['params.price', 'number'],
    ['params.n + 1', 'int'],
    ['params.n + 0.5', 'double'],
    ['params.price * 2', 'number'],
    ['params.price / 2.0', 'double'],
    ['params.n / 2', 'int'],
    ['-params.price', 'number'],
    ['"a" + string(params.price)', 'string'],
    ['params.any.x.y[0].z', 'any value'],
    ['params.any.x + 1', 'number'],
    ['params.any.x + "a"', 'string'],
    ['tasks.fetch.output.rows', 'list<object>'],
    ['tasks.fetch.output.rows.map(r, r.hash)', 'list<string>'],
    ['tasks.fetch.output.rows.filter(r, r.size > 3).map(r, r.size * 2)', 'list<int>'],
    ['tasks.fetch.output.rows.map(r, r.size > 3, r.hash)', 'list<string>'],
    ['tasks.fetch.output.rows.exists(r, r.note == null)', 'bool'],
    ['has(tasks.fetch.output.meta.anything) ? tasks.fetch.output.meta.anything : "none"', 'string'],
    ['tasks.fetch.output.meta[params.bucket]', 'string'],
    ['tasks.fetch.output.meta.map(k, k)', 'list<string>'],
    ['tasks.fetch.output.open.a', 'string'],
    ['tasks.fetch.output.open.undeclared', 'any value'],
    ['tasks.fetch.output.page == null ? "" : tasks.fetch.output.page.hash', 'string'],
    ['tasks.fetch.output.page == null', 'bool'],
    ['tasks.fetch.output.tree.kids[0].kids[0].value', 'int'],
    ['tasks.fetch.status', 'string'],
    ['tasks["create-ns"].output.id', 'string'],
    // Objects are maps.
    ['"rows" in tasks.fetch.output', 'bool'],
    ['size(tasks.fetch.output)', 'int'],
    ['tasks.fetch.output == {"count": 1}', 'bool'],
    ['tasks.fetch.output.all(key, key != "")', 'bool'],
    ['[item, {"hash": "x"}].map(r, r.hash)', 'list<string>'],
    ['params.dry ? item : null', 'object or null'],
    ['item.note != null && item.note.size() > 3', 'bool'],
    ['has(tasks.fetch.output.rows[0].note)', 'bool'],
    ['params.?bucket.orValue("none")', 'string'],
    ['item.?note.orValue(null)', 'string or null'],
    ['item.?note.hasValue()', 'bool'],
    ['optional.of(params.n).value()', 'int'],
    ['cel.bind(x, params.n, x + 1)', 'int'],
    ['params.n in [1, 2]', 'bool'],
    ['params.dry ? params.n : params.price', 'number'],
    ['params.names + []', 'list<string>'],
    ['[1, "a", params.n]', 'list<int or string>'],
    ['[].map(x, x)', 'list<nothing>'],
    ['{"a": 1}.a', 'int'],
    ['{params.bucket: params.n}', 'map<string, int>'],
    ['run.initiator.roles.exists(r, r == "sre")', 'bool'],
    ['timestamp(run.startedAt) + duration("1h")', 'timestamp'],
    ['timestamp(run.startedAt) - timestamp("2024-01-01T00:00:00Z") > duration("1h")', 'bool'],
    ['index % 2 == 0', 'bool'],
    ['type(params.n) == int', 'bool'],
    ['fromJson(params.bucket).a', 'any value'],
    ['toJson(item)', 'string'],
    ['sha256(params.bucket)', 'string'],
    ['params.bucket.split(",").join("-").replace("a", "b").charAt(0)', 'string'],
    ['params.bucket.matches("^[a-z]+$") && matches(params.bucket, "x")', 'bool'],
    ['strings.quote(params.bucket)', 'string'],
    ['secrets.TOKEN', 'string'],
    ['params.env == "prod"', 'bool'],
    ['params.env in ["dev", "prod"]', 'bool'],
    ['tasks.fetch.status == "skipped"', 'bool'],
  ])('%s: %s', (source, type) => {
    expect(outcome(source)).toBe(type);
  });
});

describe('problems', () => {
  it.each([
    [
      'params.buckt',
      'undeclared-parameter [buckt -> bucket] the parameter "buckt" is not declared | did you mean "bucket"? there are "bucket", "n", "price", "dry", "names", "my-list", "any" and "env"',
    ],
    [
      'params["buckt"]',
      'undeclared-parameter ["buckt" -> "bucket"] the parameter "buckt" is not declared | did you mean "bucket"? there are "bucket", "n", "price", "dry", "names", "my-list", "any" and "env"',
    ],
    [
      'has(params.bukcet)',
      'undeclared-parameter [bukcet -> bucket] the parameter "bukcet" is not declared | did you mean "bucket"? there are "bucket", "n", "price", "dry", "names", "my-list", "any" and "env"',
    ],
    [
      'params.my_list',
      'undeclared-parameter [.my_list -> ["my-list"]] the parameter "my_list" is not declared | did you mean "my-list"? there are "bucket", "n", "price", "dry", "names", "my-list", "any" and "env"',
    ],
    [
      'params.my-list[0]',
      'unknown-reference [params.my-list -> params["my-list"]] `params.my-list` is a subtraction; a name with a hyphen is written `params["my-list"]`',
    ],
    [
      'tasks.create-ns.output.idd + "x"',
      'unknown-reference [tasks.create-ns -> tasks["create-ns"]] `tasks.create-ns` is a subtraction; a name with a hyphen is written `tasks["create-ns"]`',
    ],
    [
      'bucket',
      'unknown-reference [bucket -> params.bucket] unknown name "bucket" | did you mean `params.bucket`? here are `params`, `tasks`, `item`, `index`, `run`',
    ],
    [
      'fetch.rows',
      'unknown-reference [fetch -> tasks.fetch.output] unknown name "fetch" | did you mean `tasks.fetch.output`? here are `params`, `tasks`, `item`, `index`, `run`',
    ],
    [
      'prod',
      'unknown-reference [prod] unknown name "prod" | here are `params`, `tasks`, `item`, `index`, `run`; a text is written in quotes: "prod"',
    ],
    [
      'inputs.x',
      'unknown-reference [inputs] `inputs` cannot be read here: inputs are read in a runbook; a workflow reads `params` | here are `params`, `tasks`, `item`, `index`, `run`',
    ],
    [
      'tasks.fech.output',
      'unknown-reference [fech -> fetch] unknown task "fech" | did you mean "fetch"? there are "fetch", "create-ns" and "later"',
    ],
    [
      'tasks.fetch.rows',
      'unknown-reference [rows -> output.rows] a task has "output" and "status", not "rows" | did you mean `output.rows`? what the task returned is in `output`',
    ],
    [
      'tasks.fetch.output.rws',
      'unknown-reference [rws -> rows] `tasks.fetch.output` has no field "rws" | did you mean "rows"? it has "rows", "count", "ratio", "meta", "open", "either", "page" and "tree"',
    ],
    [
      'tasks.fetch.output.rows.map(r, r.hsh)',
      'unknown-reference [hsh -> hash] `r` has no field "hsh" | did you mean "hash"? it has "hash", "size", "note" and "kind"',
    ],
    [
      'tasks.fetch.output.page.hsh',
      'unknown-reference [hsh -> hash] `tasks.fetch.output.page` has no field "hsh" | did you mean "hash"? it has "hash", "size", "note" and "kind"',
    ],
    [
      'tasks.later.output.x',
      'not-an-ancestor [tasks.later] task "later" may not have run yet: it is not among the ancestors of this one | add "later" to `needs`',
    ],
    [
      'tasks[params.bucket].output',
      'unknown-reference [tasks[params.bucket]] which task is read has to be written out | write `tasks.<id>` or `tasks["<id>"]`',
    ],
    ['tasks', 'unknown-reference [tasks] `tasks` cannot be taken as a whole | name one task: `tasks.<id>.output`'],
    [
      'run.startedat',
      'unknown-reference [startedat -> startedAt] `run` has no field "startedat" | did you mean "startedAt"? it has "id", "startedAt", "dryRun" and "initiator"',
    ],
    ['params.bucket.length', 'expression-type [length] `params.bucket` is a string: it has no field "length" | `size(params.bucket)`'],
    [
      'tasks.fetch.output.rows.hash',
      'expression-type [hash] `tasks.fetch.output.rows` is a list<object>: it has no field "hash" | take an element, `tasks.fetch.output.rows[0].hash`, or all of them, `tasks.fetch.output.rows.map(x, x.hash)`',
    ],
    [
      'params.names[params.price]',
      'expression-type [params.price] an index of `params.names` is an int, not a number | make it an int: `int(x)`',
    ],
    ['params.n[0]', 'expression-type [0] `params.n` is an int: it has no elements'],
    ['params.n + "a"', 'expression-type [params.n + "a"] `+` does not take an int and a string | to join texts: `string(params.n)`'],
    ['params.price % 2', 'expression-type [params.price % 2] `%` does not take a number and an int | `%` takes ints: `int(x)`'],
    ['timestamp(run.startedAt) + 1', 'expression-type [timestamp(run.startedAt) + 1] `+` does not take a timestamp and an int'],
    ['params.n > "3"', 'expression-type [params.n > "3"] `>` does not take an int and a string | to calculate with a text: `int("3")`'],
    ['params.n == "3"', 'expression-type [params.n == "3"] an int and a string are never equal | without quotes: `params.n == 3`'],
    [
      'tasks.fetch.output.rows == 3',
      'expression-type [tasks.fetch.output.rows == 3] a list<object> and an int are never equal | to look for an element: `x in list`; for the number of elements: `size(list)`',
    ],
    [
      'tasks.fetch.status == "suceeded"',
      'expression-type ["suceeded" -> "succeeded"] it is never "suceeded" | did you mean "succeeded"? it is "succeeded", "failed", "skipped", "cancelled", "pending" or "running"',
    ],
    [
      "params.env in ['dev', 'prd']",
      'expression-type [\'prd\' -> \'prod\'] it is never "prd" | did you mean "prod"? it is "dev" or "prod"',
    ],
    [
      '"x" in params.bucket',
      'expression-type [params.bucket] `in` looks into a list or a map, not into a string | `params.bucket.contains("x")`',
    ],
    ['1 in params.names', 'expression-type [1 in params.names] an int is never in a list<string>'],
    ['params.bucket && true', 'expression-type [params.bucket] an operand of `&&` is a bool, not a string | `params.bucket != ""`'],
    ['params.n ? 1 : 2', 'expression-type [params.n] the condition is a bool, not an int | `params.n != 0`'],
    [
      'params.dry ? "a" : 1',
      'expression-type [params.dry ? "a" : 1] both sides of `? :` have to be of one type, not a string and an int | if both are meant, wrap one of them: `dyn(...)`',
    ],
    [
      'params.dry ? params.bucket : params.n',
      'expression-type [params.dry ? params.bucket : params.n] both sides of `? :` have to be of one type, not a string and an int | if both are meant, wrap one of them: `dyn(...)`',
    ],
    ['params.names + [1]', 'expression-type [params.names + [1]] `+` does not take a list<string> and a list<int>'],
    ['params.names.filter(x, x)', 'expression-type [x] the condition of `filter` is a bool, not a string | `x != ""`'],
    [
      'params.bucket.map(x, x)',
      'expression-type [params.bucket] `params.bucket` is a string; only a list or a map has elements | `split(",")` makes a list of a text',
    ],
    ['params.bucket.startsWith(1)', 'expression-type [1] `startsWith` does not take (int) | it takes `startsWith(string)`'],
    [
      'params.bucket.startsWith("a", "b")',
      'expression-type [startsWith] `startsWith` takes 1 argument, not 2 | it takes `startsWith(string)`',
    ],
    [
      'params.bucket.startswith("a")',
      'unknown-reference [startswith -> startsWith] `params.bucket` is a string: it has no function "startswith" | did you mean `startsWith`?',
    ],
    [
      'params.bucket.int()',
      'unknown-reference [int] `params.bucket` is a string: it has no function "int" | it is a function: `int(params.bucket)`',
    ],
    [
      'contains(params.bucket, "a")',
      'unknown-reference [contains] unknown function "contains" | it is called on a value: `params.bucket.contains("a")`',
    ],
    ['strng(params.n)', 'unknown-reference [strng -> string] unknown function "strng" | did you mean `string`?'],
    [
      'size(params.n)',
      'expression-type [params.n] `size` does not take (int) | it takes `size(string)`, `size(bytes)`, `size(list)`, `size(map)`',
    ],
    [
      'params.bucket.matches("(")',
      'expression-type ["("] not a regular expression (RE2 syntax, so no lookaround or back references): missing closing ): `(`',
    ],
    ['[params.?bucket]', 'expression-type [[params.?bucket]] the result may be absent | say what to take then: `a.?b.orValue(...)`'],
    ['params.?bucket', 'expression-type [params.?bucket] the result may be absent | say what to take then: `a.?b.orValue(...)`'],
    [
      'params.bucket.orValue("x")',
      'expression-type [params.bucket] `params.bucket` is a string, not optional: it has no `orValue` | an optional is `params.?bucket`',
    ],
    ['{"a": 1, "a": 2}', 'expression-type ["a"] the map has the key "a" twice'],
    [
      'secrets[params.bucket]',
      'unknown-reference [secrets[params.bucket]] which secret is read has to be written out | write `secrets.NAME`',
    ],
    ['params.n = 3', 'expression-syntax [= -> ==] unexpected `=` | compare with `==`'],
    ['params.dry and true', 'expression-syntax [and -> &&] unexpected `and` | CEL says `&&`'],
    ['params.a?.b', 'expression-syntax [.] unexpected `.` after `?` | optional access is written `a.?b.orValue(c)`'],
    ['(1', 'expression-syntax [] the expression ends too early; expected `)`'],
    ['"abc', 'expression-syntax ["abc] unterminated string'],
    ['"\\x"', 'expression-syntax [\\x] invalid hex escape: \\x'],
    ['var', 'expression-syntax [var] `var` is a reserved word of CEL'],
    [
      'params.names.map(1, 2)',
      'expression-syntax [1] map(var, transform) invalid predicate iteration variable: `1` | the first argument names the element: rows.map(row, row.id)',
    ],
  ])('%s', (source, expected) => {
    expect(outcome(source)).toBe(expected);
  });

  it('are all told, but a mistake only once', () => {
    expect(
      outcome('params.missing + params.n + foo.bar.baz + unknown(params.missing)')
        .split('\n')
        .map((line) => line.replace(/ \|.*/, '')),
    ).toEqual([
      'undeclared-parameter [missing] the parameter "missing" is not declared',
      'unknown-reference [foo] unknown name "foo"',
      'unknown-reference [unknown] unknown function "unknown"',
    ]);
    expect(outcome('maths.max(1, 2) + foo')).toMatch(/^unknown-reference \[maths].*\nunknown-reference \[foo]/);
  });

  it('tell what a scope lacks', () => {
    const runbook = createChecker({ inputs: [parameter('env', 'string')] });
    expect(outcome('inputs.env', runbook)).toBe('string');
    expect(outcome('params.env', runbook)).toContain('`params` cannot be read here: parameters are read in a workflow');
    expect(outcome('tasks.a.output', runbook)).toContain('`tasks` cannot be read here');
    expect(outcome('item', runbook)).toContain(
      '`item` cannot be read here: `item` exists inside the body of a `forEach`, not in its `when`',
    );
    expect(outcome('params.x', createChecker({ params: [] }))).toContain('there are no parameters; declare it under `spec.parameters`');
  });

  it.each([
    ['params.n + 1', true],
    ['tasks.fetch.output.rows.map(r, r.hash + "x")', true],
    ['item.note == null', true],
    ['toJson(params.any)', true],
    ['params.any.x', true],
    ['params.any.x.y', false],
    ['params.any.x + 1', false],
    ['params.any.x && true', false],
    ['params.any.x.map(x, x)', false],
  ])('%s is proven: %s', (source, proven) => {
    expect(checker.check(source)).toMatchObject({ ok: true, proven });
  });

  it('end where a schema refers to itself', () => {
    const nested = (inner: object) =>
      parameter('x', 'array', { schema: { type: 'array', items: { anyOf: [{ $ref: '#' }, inner] } } as never });
    const checked = createChecker({ params: [nested({ type: 'string' }), { ...nested({ type: 'integer' }), name: 'y' }] });
    for (const source of [
      'params.x == params.y',
      'params.x + params.y',
      '[params.x, params.y]',
      'true ? params.x : params.y',
      'params.x.map(a, a) in params.y',
    ]) {
      expect(checked.check(source)).toMatchObject({ ok: true });
    }
  });

  it('warn of divisions that depend on how a number is written', () => {
    const warnings = (source: string) => {
      const result = checker.check(source);
      return result.ok ? result.warnings.map(({ start, end, replacement }) => [source.slice(start, end), replacement]) : result.problems;
    };
    expect(warnings('params.price / 2')).toEqual([['params.price', 'double(params.price)']]);
    expect(warnings('double(params.price) / 2')).toEqual([]);
    expect(warnings('params.n / 2')).toEqual([]);
  });
});
