import { type DeclaredTask, isTaskError, type RunContext } from '@summit/maestro-sdk';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { httpRequest } from '../connectors/http.request.ts';
import { kafkaPublish } from '../connectors/kafka.publish.ts';
import { s3Get } from '../connectors/s3.get.ts';
import { sigIngest } from '../connectors/sig.ingest.ts';
import { tasks } from '../index.ts';

const ajv = new Ajv2020({ strict: false, ownProperties: true });
// ajv-formats is CommonJS; under `nodenext` its default export is typed as the module.
(addFormats as unknown as (target: Ajv2020) => void)(ajv);

const WRONG: unknown[] = [null, 5, -1, 1.5, 'a text', '', true, [], [5], {}, { a: 1 }, Number.NaN];

/** An input that fits, and everything that is one wrong field away from it. */
function wrongInputs({ examples, input }: DeclaredTask): unknown[] {
  const fits = (examples.find(({ error }) => error === undefined) as { input: object }).input;
  const fields = [...Object.keys((input as { properties?: object }).properties ?? {}), 'unknownField'];
  const validate = ajv.compile(input);
  expect(validate(fits)).toBe(true);
  const each = fields.flatMap((field) => WRONG.map((value) => ({ ...fits, [field]: value })));
  return [undefined, null, 5, 'x', [], {}, ...each].filter((payload) => payload === undefined || !validate(payload));
}

const call = (task: unknown, payload: unknown) => (task as DeclaredTask).execute({} as RunContext, { payload });

describe('a call that no worker has checked', () => {
  it.each(tasks.map((task) => [task.name, task as unknown as DeclaredTask]))(
    'of %s: what the schema refuses is refused',
    async (_, task) => {
      await using ctx = createTestContext({ secrets: Object.fromEntries((task.secrets ?? []).map((name) => [name, 'nothing-of-use'])) });
      const inputs = wrongInputs(task);
      expect(inputs.length).toBeGreaterThan(20);
      for (const payload of inputs) {
        const outcome = await task.execute(ctx, { payload }).catch((error: unknown) => error);
        const shown = JSON.stringify(payload);
        expect(isTaskError(outcome) && outcome.name === 'InvalidInputError', `${shown}: ${String(outcome)}`).toBe(true);
      }
    },
  );

  it.each([
    [httpRequest, { method: 'TRACE', url: 'https://x.test/' }, /^method must be one of "GET", .*"DELETE", found "TRACE"$/],
    [httpRequest, { metod: 'GET', url: 'https://x.test/' }, /^metod is no field of the input; did you mean "method"\?$/],
    [httpRequest, {}, /^url is missing$/],
    [httpRequest, [], /^the input must be an object, found a list$/],
    [
      httpRequest,
      { url: 'https://x.test/', expect: { status: ['9xx'] } },
      /^expect\.status\[0\] must be a whole number or match pattern .*, found a text$/,
    ],
    [
      httpRequest,
      { url: 'https://x.test/', proxy: { url: 'x', user: 'me' } },
      /^proxy\.user is no field of proxy; .*proxy\.url must match pattern/,
    ],
    [kafkaPublish, { brokers: ['a:1'], topic: 't', messages: [], acks: 2 }, /^acks must be -1 or 0 or 1, found 2$/],
    [
      kafkaPublish,
      { brokers: ['a:1'], topic: 't', messages: [], sasl: { mechanism: 'md5' } },
      /sasl\.mechanism must be one of "plain", .*, found "md5"$/,
    ],
    [kafkaPublish, { brokers: ['a:1'], topic: 't', messages: 5 }, /^messages must be a list, found 5$/],
    [kafkaPublish, { brokers: ['a:1'], topic: 't', messages: [{}] }, /^message 0 has neither value/],
    [
      s3Get,
      { bucket: 'a-bucket', key: 'k', credentials: 'AKIA-a-secret-key' },
      /^credentials must be "default" or "none" or an object, found a text$/,
    ],
    [s3Get, { bucket: 'a-bucket', key: 'k', credentials: { accessKeyId: 7, secretAccessKey: 'hunter2-hunter2' } }, /credentials/],
    [sigIngest, { items: [{ id: 7, payload: 1 }], endpoint: 'http://127.0.0.1:1' }, /^items\[0\] is no item/],
  ])('names the place, what is expected and what was found', async (task, payload, message) => {
    const error = await call(task, payload).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InvalidInputError', retryable: false, message: expect.stringMatching(message) });
    expect(JSON.stringify(error) + String(error)).not.toMatch(/AKIA|hunter2/);
  });

  it('leaves its input as it is', async () => {
    const payload = Object.freeze({ url: 'http://127.0.0.1/' });
    await expect(call(httpRequest, payload)).rejects.toMatchObject({ code: 'HTTP_EGRESS_DENIED' });
  });
});
