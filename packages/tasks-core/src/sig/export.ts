import { createHash } from 'node:crypto';
import type { RunContext } from '@summit/maestro-sdk';
import type { Endpoint } from './endpoint.ts';
import { type ExportState, exportState } from './export-answers.ts';
import { SigSession } from './request.ts';

/** What is exported. */
export interface ExportRequest {
  requestId: string;
  parameters?: Record<string, unknown> | undefined;
}

/**
 * Asks for an export. The key is made of the step's own and of what is asked for: to ask again, in another attempt or after a crash, finds the export that is under way.
 */
export async function requestExport(
  ctx: RunContext,
  endpoint: Endpoint,
  request: ExportRequest,
  signal: AbortSignal,
): Promise<ExportState> {
  const session = await SigSession.open(ctx, endpoint);
  const { requestId, parameters } = request;
  const body = Buffer.from(JSON.stringify({ requestId, ...(parameters === undefined ? {} : { parameters }) }));
  const idempotencyKey = createHash('sha256')
    .update(JSON.stringify([ctx.idempotencyKey, body.toString('utf8')]))
    .digest('hex');
  const answer = await session.json({ method: 'POST', path: '/exports/request', body, idempotencyKey }, signal);
  return exportState(endpoint, 'POST /exports/request', answer);
}

/** How far an export is. */
export async function askExport(ctx: RunContext, endpoint: Endpoint, exportId: string, signal: AbortSignal): Promise<ExportState> {
  const session = await SigSession.open(ctx, endpoint);
  const path = pathOf(exportId);
  return exportState(endpoint, `GET ${path}`, await session.json({ method: 'GET', path }, signal));
}

export function pathOf(exportId: string): string {
  return `/exports/${encodeURIComponent(exportId)}`;
}
