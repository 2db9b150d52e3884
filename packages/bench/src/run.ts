/** Measures the figures and prints them; names as arguments choose some. Exit code 1 when one does not hold. */
import { stopUnused } from '@summit/maestro-services';
import { dbExecuteUpsert } from './db-execute.ts';
import { disclosurePackageSpeed } from './disclosure-package.ts';
import { engineForEach } from './engine-for-each.ts';
import { engineInProcess } from './engine-in-process.ts';
import { enginePure } from './engine-pure.ts';
import { engineReplay } from './engine-replay.ts';
import { engineRestate } from './engine-restate.ts';
import { engineRivals } from './engine-rivals.ts';
import { engineWaiting } from './engine-waiting.ts';
import { expressionEvaluate } from './expression-evaluate.ts';
import { describe, type Figure } from './figure.ts';
import { historyList, historyOverhead } from './history.ts';
import { kafkaPublishSpeed } from './kafka-publish.ts';
import { largeObject } from './large-object.ts';
import { lintCatalog } from './lint-catalog.ts';
import { lintStart } from './lint-start.ts';
import { lspDiagnostics } from './lsp-diagnostics.ts';
import { natsPublishSpeed } from './nats-publish.ts';
import { endOrphans } from './orphans.ts';
import { s3Memory, s3Speed } from './s3.ts';
import { schemaValidateRepeated } from './schema-validate.ts';
import { transformMapRows } from './transform-map.ts';

const benches: Record<string, () => Promise<Figure[]>> = {
  'engine-restate': engineRestate,
  'engine-in-process': engineInProcess,
  'engine-pure': enginePure,
  'engine-rivals': engineRivals,
  'engine-for-each': engineForEach,
  'engine-waiting': engineWaiting,
  'engine-replay': engineReplay,
  history: historyOverhead,
  'history-list': historyList,
  'expression-evaluate': expressionEvaluate,
  'lint-start': lintStart,
  'lint-catalog': lintCatalog,
  'lsp-diagnostics': lspDiagnostics,
  s3: s3Speed,
  's3-memory': s3Memory,
  'schema-validate': schemaValidateRepeated,
  'transform-map': transformMapRows,
  'large-object': largeObject,
  'disclosure-package': disclosurePackageSpeed,
  'nats-publish': natsPublishSpeed,
  'db-execute': dbExecuteUpsert,
  'kafka-publish': kafkaPublishSpeed,
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) throw new Error(`there is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);

const orphans = endOrphans();
if (orphans > 0) process.stderr.write(`ended ${orphans} servers that benches had left behind which were killed\n`);
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    for (const figure of await bench()) {
      process.stdout.write(`${describe(figure)}\n`);
      if (!figure.holds) process.exitCode = 1;
    }
  }
} finally {
  await stopUnused();
}
