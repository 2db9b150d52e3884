import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createEndpointHandler, type WorkflowContext, workflow } from '@restatedev/restate-sdk';

/** A Restate workflow as one would write it by hand: four journaled steps that do nothing. */
export async function serveRaw(identityKey: string): Promise<{ url: string; close(): void }> {
  const raw = workflow({
    name: 'Raw',
    handlers: {
      run: async (context: WorkflowContext, input: { n: number }) => {
        let { n } = input;
        for (let step = 0; step < 4; step++) {
          const seen = n;
          n = await context.run(`t${step}`, async () => seen);
        }
        return { n };
      },
    },
    options: { journalRetention: 0 },
  });
  const server = createServer(createEndpointHandler({ services: [raw], identityKeys: [identityKey], logger: () => {} }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
