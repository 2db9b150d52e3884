import type { Context } from '@restatedev/restate-sdk';
import { JOURNAL_MISMATCH } from './service.ts';

/** The header that Restate sends to an address as long as it believes this version to be there. */
export const VERSION_HEADER = 'x-maestro-version';
/** The key under which Restate keeps the version of a deployment, and of its services. */
export const VERSION_KEY = 'maestro.version';

const REFUSAL = 'this worker is version ';

/**
 * Refuses attempts that Restate sends to another version at the same address: what a run has recorded fits the code that it began
 * with. The run is paused then, and says why.
 */
export function versionCheck(version: string): (context: Context) => void {
  return (context) => {
    const expected = context.request().attemptHeaders.get(VERSION_HEADER);
    if (expected === undefined || expected === version) return;
    const refusal = new Error(
      `${REFUSAL}${version}, and the run began with version ${String(expected)} at the same address: start that version there again, and give every other version an address of its own`,
    );
    // Like the code that takes other steps than those recorded, which this is about to be.
    throw Object.assign(refusal, { code: JOURNAL_MISMATCH });
  };
}

/** Whether what Restate tells of a failure is such a refusal. */
export function isVersionRefusal(failure: string): boolean {
  return failure.startsWith(REFUSAL);
}
