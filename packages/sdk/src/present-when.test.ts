import { describe, expect, it } from 'vitest';
import { type GivenField, outputOfCall, outputOfInput, PRESENT_WHEN } from './index.ts';

const task = {
  input: { type: 'object', properties: { as: { enum: ['text', 'artifact'], default: 'text' }, verbose: { type: 'boolean' } } },
  output: {
    type: 'object',
    required: ['size'],
    properties: {
      size: { type: 'integer' },
      body: { type: 'string', [PRESENT_WHEN]: { as: ['text'] } },
      artifact: { type: 'string', [PRESENT_WHEN]: { as: ['artifact'] } },
      log: { type: 'string', [PRESENT_WHEN]: { as: ['artifact'], verbose: [true] } },
    },
  },
};

const shape = ({ properties, required }: { properties?: object; required?: string[] }) => [Object.keys(properties ?? {}), required];

describe('the output of a call', () => {
  it.each([
    [{ as: 'text' }, ['size', 'body'], ['size', 'body']],
    [{}, ['size', 'body'], ['size', 'body']],
    [{ as: 'artifact' }, ['size', 'artifact'], ['size', 'artifact']],
    [{ as: 'artifact', verbose: true }, ['size', 'artifact', 'log'], ['size', 'artifact', 'log']],
    [undefined, ['size', 'body'], ['size', 'body']],
  ])('of %j has the fields %j', (input, fields, required) => {
    expect(shape(outputOfInput(task, input))).toEqual([fields, required]);
  });

  it('keeps open what depends on an unknown value, and closes what does not', () => {
    const given =
      (fields: Record<string, unknown>): GivenField =>
      (name) =>
        name in fields ? { value: fields[name] } : 'unknown';
    expect(shape(outputOfCall(task, given({})))).toEqual([['size', 'body', 'artifact', 'log'], ['size']]);
    expect(shape(outputOfCall(task, given({ as: 'artifact' })))).toEqual([
      ['size', 'artifact', 'log'],
      ['size', 'artifact'],
    ]);
    expect(shape(outputOfCall(task, given({ as: 'text' })))).toEqual([
      ['size', 'body'],
      ['size', 'body'],
    ]);
  });

  it('may depend on what is given, whatever it is, and may be open elsewhere', () => {
    const listed = {
      input: { type: 'object', properties: { paginate: {} } },
      output: {
        properties: { count: { [PRESENT_WHEN]: { paginate: 'given' } }, artifact: { [PRESENT_WHEN]: [{ paginate: 'given' }, 'maybe'] } },
      },
    };
    expect(shape(outputOfInput(listed, { paginate: {} }))).toEqual([
      ['count', 'artifact'],
      ['count', 'artifact'],
    ]);
    expect(shape(outputOfInput(listed, {}))).toEqual([['artifact'], []]);
    expect(shape(outputOfInput(listed, { paginate: null }))).toEqual([['artifact'], []]);
    expect(shape(outputOfCall(listed, () => 'given'))).toEqual([
      ['count', 'artifact'],
      ['count', 'artifact'],
    ]);
    expect(shape(outputOfCall(listed, () => 'unknown'))).toEqual([['count', 'artifact'], []]);
    // A value that is not known may be any of those in a list.
    expect(shape(outputOfCall(task, (name) => (name === 'as' ? 'given' : { value: undefined })))).toEqual([
      ['size', 'body', 'artifact'],
      ['size'],
    ]);
  });

  it('may depend on what is not given, in one of several ways', () => {
    const map = {
      input: { type: 'object', properties: { as: {}, rows: {}, artifact: {} } },
      output: {
        properties: {
          rows: { [PRESENT_WHEN]: [{ as: ['rows'] }, { as: [null], artifact: [null] }] },
          artifact: { [PRESENT_WHEN]: [{ as: ['artifact'] }, { as: [null], rows: [null] }] },
        },
      },
    };
    expect(shape(outputOfInput(map, { rows: [] }))).toEqual([['rows'], ['rows']]);
    expect(shape(outputOfInput(map, { artifact: {} }))).toEqual([['artifact'], ['artifact']]);
    expect(shape(outputOfInput(map, { rows: [], as: 'artifact' }))).toEqual([['artifact'], ['artifact']]);
    expect(shape(outputOfCall(map, (name) => (name === 'rows' ? 'unknown' : { value: undefined })))).toEqual([
      ['rows', 'artifact'],
      ['rows'],
    ]);
  });

  it('is the same object for equal answers, and the schema itself where nothing depends', () => {
    expect(outputOfInput(task, { as: 'text' })).toBe(outputOfInput(task, {}));
    const plain = { input: {}, output: { type: 'object' } };
    expect(outputOfInput(plain, {})).toBe(plain.output);
  });
});
