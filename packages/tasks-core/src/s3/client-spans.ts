import type { S3Client } from '@aws-sdk/client-s3';
import { clientSpan } from '@summit/maestro-sdk/telemetry';

/** Makes every command of a client a span that names the command and its bucket. */
export function traceCommands(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        const operation = (commandName ?? 'Command').replace(/Command$/, '');
        const { Bucket: bucket } = args.input as { Bucket?: string };
        const attributes = {
          'rpc.system': 'aws-api',
          'rpc.service': 'S3',
          'rpc.method': operation,
          ...(bucket === undefined ? {} : { 'aws.s3.bucket': bucket }),
        };
        return clientSpan(`S3.${operation}`, { attributes }, () => next(args));
      },
    { step: 'initialize', name: 'maestroClientSpan', override: true },
  );
}
