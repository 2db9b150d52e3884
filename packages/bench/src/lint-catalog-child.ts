/** Lints a generated catalog in a process of its own, so that its memory is its own: `node lint-catalog-child.ts <files>`. Prints findings, milliseconds and the peak of its memory in KiB. */
import { lint, parseCatalog } from '@summit/maestro-manifest';
import { corpus, corpusContracts } from './lint-catalog-corpus.ts';
import { peakKib } from './peak.ts';

const files = corpus(Number(process.argv[2]));
const begin = performance.now();
const findings = lint(parseCatalog(files).catalog, corpusContracts()).length;
process.stdout.write(JSON.stringify({ findings, ms: performance.now() - begin, peakKib: peakKib() }));
