import type { RunContext } from '@summit/maestro-sdk';
import { schemaValidate } from '@summit/maestro-tasks-core/tasks/schema.validate';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { compareInterleaved, type Figure } from './figure.ts';

const record = {
  type: 'object',
  required: ['id', 'name', 'email', 'amount', 'at', 'tags'],
  additionalProperties: false,
  properties: {
    id: { type: 'integer', minimum: 0 },
    name: { type: 'string', minLength: 1, maxLength: 80 },
    email: { type: 'string', format: 'email' },
    amount: { type: 'number', minimum: 0 },
    at: { type: 'string', format: 'date-time' },
    tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true },
    address: {
      type: 'object',
      required: ['city'],
      properties: { city: { type: 'string' }, zip: { type: 'string', pattern: '^[0-9]{5}$' } },
    },
  },
};
const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'array', items: record };

/** As many records as fit into a payload that is carried inline. */
const RECORDS = 1_000;
const data = Array.from({ length: RECORDS }, (_, id) => ({
  id,
  name: `name ${id}`,
  email: `user${id}@example.com`,
  amount: id * 1.5,
  at: '2026-01-31T10:00:00Z',
  tags: ['a', 'c'],
  address: { city: 'Springfield', zip: '12345' },
}));

/** `schema.validate` on a schema it has seen before, against a precompiled Ajv validator called directly. */
export async function schemaValidateRepeated(): Promise<Figure[]> {
  const validate = compileDirectly(schema);
  const ctx = {} as RunContext;
  const task = (value: unknown) => async (times: number) => {
    for (let i = 0; i < times; i++) await schemaValidate.execute(ctx, { payload: { schema, data: value } });
  };
  const direct = (value: unknown) => (times: number) => {
    for (let i = 0; i < times; i++) if (!validate(value)) throw new Error('the data is not valid');
  };
  // A schema that is equal but another object every time, as it is when each call has its input from JSON.
  const text = JSON.stringify(schema);
  const parsed = async (times: number) => {
    for (let i = 0; i < times; i++) await schemaValidate.execute(ctx, { payload: { schema: JSON.parse(text) as typeof schema, data } });
  };
  const afresh = (times: number) => {
    for (let i = 0; i < times; i++) compileDirectly({ ...schema })(data);
  };
  const batch = await compareInterleaved({
    figure: `schema.validate on a repeated schema, ${RECORDS} records a call`,
    unit: 'calls/s',
    ours: () => perSecond(task(data), 300),
    other: () => perSecond(direct(data), 300),
    otherName: 'precompiled Ajv',
    must: 0.8,
    better: 'higher',
    rounds: 15,
  });
  const one = data.slice(0, 1);
  const [single, directSingle] = [await perSecond(task(one), 20_000), await perSecond(direct(one), 20_000)];
  const [copied, fresh] = [await perSecond(parsed, 300), await perSecond(afresh, 20)];
  const us = (rate: number) => `${(1e6 / rate).toFixed(1)} µs`;
  const note = [
    `one record a call: ${us(single)}, Ajv ${us(directSingle)} (what a call costs beside the validation: ${us(1 / (1 / single - 1 / directSingle))})`,
    `the schema parsed from JSON for every call: ${us(copied)}; an Ajv made for every call: ${us(fresh)}`,
  ].join('; ');
  return [{ ...batch, note }];
}

function compileDirectly(of: object) {
  const ajv = new Ajv2020({ strict: false });
  // ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  return ajv.compile(of);
}

async function perSecond(run: (times: number) => Promise<void> | void, times: number): Promise<number> {
  const begin = performance.now();
  await run(times);
  return (times / (performance.now() - begin)) * 1_000;
}
