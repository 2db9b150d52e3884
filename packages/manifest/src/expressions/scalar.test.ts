import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScalar } from './scalar.ts';

const template = (text: string) => {
  const parsed = parseScalar(text);
  return 'error' in parsed ? parsed : parsed.template;
};

describe('parseScalar', () => {
  it.each([
    ['', ''],
    ['plain', 'plain'],
    ['$', '$'],
    ['$5 {}', '$5 {}'],
    ['$${params.a}', '${params.a}'],
    ['a $${b} $${', 'a ${b} ${'],
    ['$$${a}', '$${a}'],
    ['${params.a}', { $cel: 'params.a' }],
    ['${ params.a }\n', { $cel: 'params.a' }],
    [' ${params.a}', { $text: [' ', { $cel: 'params.a' }] }],
    ['${params.a} ', { $text: [{ $cel: 'params.a' }, ' '] }],
    ['${a}${b}', { $text: [{ $cel: 'a' }, { $cel: 'b' }] }],
    ['s3://${params.bucket}/$${x}/${params.key}', { $text: ['s3://', { $cel: 'params.bucket' }, '/${x}/', { $cel: 'params.key' }] }],
    ['${secrets.TOKEN}', { $secret: 'TOKEN' }],
    ['${ secrets["my-token"] }', { $secret: 'my-token' }],
    ["${secrets['A.B']}", { $secret: 'A.B' }],
    ['${secrets.TOKEN + ""}', { $cel: 'secrets.TOKEN + ""' }],
    ['Bearer ${secrets.TOKEN}', { $text: ['Bearer ', { $cel: 'secrets.TOKEN' }] }],
    ['${{"a": {"b": 1}}.a.b}', { $cel: '{"a": {"b": 1}}.a.b' }],
    ['${"}"}', { $cel: '"}"' }],
    ['${\'}\' + "\\"}"}', { $cel: '\'}\' + "\\"}"' }],
    ['${"""}" }"""}', { $cel: '"""}" }"""' }],
    ["${'''}' }'''}", { $cel: "'''}' }'''" }],
    ['${r"\\d}"}', { $cel: 'r"\\d}"' }],
    ['${r"\\"}', { $cel: 'r"\\"' }],
    ["${bR'\\'}", { $cel: "bR'\\'" }],
    ['${bar"\\""}', { $cel: 'bar"\\""' }],
    ["${a // } it's a comment\n}", { $cel: "a // } it's a comment" }],
    ['${a / b}', { $cel: 'a / b' }],
  ])('%j', (text, expected) => {
    expect(template(text)).toEqual(expected);
  });

  it('tells where each expression stands', () => {
    const text = 'a ${  x + 1 } ${y}';
    const parsed = parseScalar(text);
    expect('expressions' in parsed && parsed.expressions).toEqual([
      { source: 'x + 1', start: 6, end: 11 },
      { source: 'y', start: 16, end: 17 },
    ]);
  });

  it.each([
    ['a ${b', 2, 4, '`${` without its `}`'],
    ['${}', 0, 3, 'empty expression `${}`'],
    ['x ${  } y', 2, 7, 'empty expression `${}`'],
    ['${{"a": 1}', 0, 2, '`${` without its `}`'],
    ['${"abc}', 2, 3, 'the string that starts with " is not closed, so the `${` before it has no end'],
    ["${x + 'it}", 6, 7, "the string that starts with ' is not closed, so the `${` before it has no end"],
    ['${x // note }', 4, 6, 'the comment `//` swallows the `}` that should close `${`'],
  ])('%j is refused', (text, start, end, message) => {
    expect(parseScalar(text)).toMatchObject({ error: { start, end, message } });
  });

  const sources = ['a', 'params.x', '{"}": "{"}', '"${"', "'\\'}'", 'r"}\\"', '"""\n"}"""', '[1, {"a": {}}]', 'a // }\n + b'];
  const literal = fc
    .string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ', '"', "'", '\\', '/', '\n') })
    // The one thing that cannot be written, as documented.
    .filter((text) => !text.endsWith('$'));

  const escaped = (text: string) => text.replaceAll('${', () => '$${');

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, fc.constantFrom(...sources)), { minLength: 1, maxLength: 5 }), literal, (pairs, last) => {
        const text = pairs.map(([before, source]) => `${escaped(before)}\${${source}}`).join('') + escaped(last);
        const parsed = parseScalar(text);
        if ('error' in parsed) throw new Error(parsed.error.message);
        expect(parsed.expressions.map(({ source }) => source)).toEqual(pairs.map(([, source]) => source));
        for (const { source, start, end } of parsed.expressions) expect(text.slice(start, end)).toBe(source);
        const parts = [...pairs.flatMap(([before, $cel]) => [before, { $cel }]), last].filter((part) => part !== '');
        const whole = parts.length === 1 || (parts.length === 2 && /^[\r\n]+$/.test(last) && pairs.length === 1);
        expect(parsed.template).toEqual(whole ? parts[0] : { $text: parts });
      }),
    );
  });

  it('takes any string, in time linear in it', () => {
    const unit = fc.constantFrom('${', '}', '{', '"', "'", '"""', "'''", '\\', '//', '\n', 'r', 'b', '$', 'x');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        const parsed = parseScalar(text);
        if ('error' in parsed) {
          expect(parsed.error.start).toBeLessThan(parsed.error.end);
          expect(parsed.error.end).toBeLessThanOrEqual(text.length);
        }
      }),
    );
    for (const part of ['${', '$', '${"', '${//', '{', '$${', '${a}', "${'''"]) parseScalar(part.repeat(200_000));
  });
});
