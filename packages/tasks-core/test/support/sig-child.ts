/**
 * Executes `sig.ingest` in a process of its own, over the artifact of a store that both share: `node sig-child.ts '<artifacts folder>' '<payload as JSON>'`.
 * Prints the output.
 */
import { createRunContext } from '@summit/maestro-sdk';
import { createFolderArtifacts } from '@summit/maestro-sdk/artifacts';
import sigIngest from '@summit/maestro-tasks-core/connectors/sig.ingest';

const [folder, payload] = process.argv.slice(2) as [string, string];
const ctx = createRunContext({ artifacts: createFolderArtifacts(folder), idempotencyKey: 'run-1/ingest' });
const { payload: output } = await sigIngest.execute(ctx, { payload: JSON.parse(payload) as never });
process.stdout.write(JSON.stringify(output));
// What is pooled would keep the process for its idle time.
process.exit(0);
