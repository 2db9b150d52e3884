/** A SIG sandbox in a process of its own that keeps nothing: `node sig-sandbox-child.ts`. Prints its URL, and runs until it is ended. */
import { startSigSandbox } from '@summit/maestro-sdk/testing';

const { url } = await startSigSandbox({ keep: false });
process.stdout.write(`${url}\n`);
