import type { RunContext } from '@summit/maestro-sdk';

/** What a request belongs to and why it is made: `x-correlation-run-id: ...`, `x-policy-purpose: ...`. */
export function contextHeaders(ctx: Pick<RunContext, 'correlation' | 'policy'>): Record<string, string> {
  const correlation = Object.entries(ctx.correlation).map(([key, value]) => [`x-correlation-${headerName(key)}`, value] as const);
  const policy = Object.entries(ctx.policy ?? {}).map(([key, value]) => [`x-policy-${headerName(key)}`, value] as const);
  return Object.fromEntries(
    [...correlation, ...policy].filter(([, value]) => value !== '').map(([name, value]) => [name, headerValue(value)]),
  );
}

/** `runId` -> `run-id` */
function headerName(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-');
}

/** As it is where that is visible ASCII; everything else percent-encoded as UTF-8, and the percent sign itself with it. */
function headerValue(value: string): string {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) ? value : encodeURIComponent(value.toWellFormed());
}
