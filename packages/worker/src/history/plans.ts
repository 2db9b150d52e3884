import type { Plan } from '@summit/maestro-manifest';
import type { RunEvent } from '../run.ts';

/** A plan as it is kept: once, however many runs had it. */
export interface KeptPlan {
  digest: string;
  plan: Plan;
}

/** The plan that the first event of a run carries. */
export function planOf({ type, data }: RunEvent): KeptPlan | undefined {
  if (type !== 'run.queued' || data.plan === undefined || typeof data.planDigest !== 'string') return undefined;
  return { digest: data.planDigest, plan: data.plan as unknown as Plan };
}

/** The event as it is shown, and kept with its run. */
export function withoutPlan(event: RunEvent): RunEvent {
  if (event.type !== 'run.queued' || event.data.plan === undefined) return event;
  const { plan: _, ...data } = event.data;
  return { ...event, data };
}
