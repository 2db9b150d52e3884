import { describe, expect, it } from 'vitest';
import type { Parameter } from '../types/parameter.ts';
import { createChecker } from './checker.ts';

const names = ['bucket', 'n', 'names'];
const checker = createChecker({
  params: names.map((name): Parameter => ({ name, type: name === 'names' ? 'array' : 'string', required: true })),
  tasks: ['fetch', 'create-ns', 'later'].map((id) => ({ id, output: {}, readable: id !== 'later' })),
  item: { type: 'object', properties: { hash: { type: 'string' } } },
});

describe('references', () => {
  const references = (source: string) =>
    checker.check(source).refs.map(({ kind, name, start, end }) => `${kind} ${name} ${source.slice(start, end)}`);
  it.each([
    ['params.bucket + run.id', ['param bucket params.bucket', 'run id run.id']],
    ['tasks["create-ns"].output.id', ['task-output create-ns tasks["create-ns"].output']],
    ['tasks.fetch.status == "failed"', ['task-status fetch tasks.fetch.status']],
    ['tasks.later.output', ['task-output later tasks.later.output']],
    ['item.hash + string(index)', ['item item item', 'index index index']],
    ['"Bearer " + secrets.TOKEN', ['secret TOKEN secrets.TOKEN']],
    ['params.names.map(params, params)', ['param names params.names']],
    ['[1].map(item, item)', []],
    ['params.typo + secrets.A', ['secret A secrets.A']],
    ['params[params.bucket]', [...names.map((name) => `param ${name} params`), 'param bucket params.bucket']],
    ['1 +', []],
  ])('%s', (source, expected) => {
    expect(references(source)).toEqual(expected);
  });
});
