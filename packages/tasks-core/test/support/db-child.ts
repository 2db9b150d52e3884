/**
 * Executes one statement again and again, each time at another step: `node db-child.ts '<connection>' '<run>' '<sql>'`.
 * Prints the idempotency key of each step before it is executed.
 */
import { createRunContext } from '@summit/maestro-sdk';
import dbExecute from '@summit/maestro-tasks-core/connectors/db.execute';

const [connection, run, sql] = process.argv.slice(2) as [string, string, string];
const context = createRunContext();
for (let index = 0; ; index++) {
  const idempotencyKey = `${run}/${index}`;
  process.stdout.write(`${idempotencyKey}\n`);
  await dbExecute.execute(Object.create(context, { idempotencyKey: { value: idempotencyKey } }), {
    payload: { connection, sql, params: [idempotencyKey] },
  });
}
