import { choices, quoted } from '@summit/maestro-expressions/text';

/** What to say of a reference whose locked version is not among those there are; nothing where no version is locked for it. */
export function lockedAway(
  ref: string,
  locked: string | undefined,
  versions: readonly string[],
): { message: string; hint: string } | undefined {
  if (locked === undefined) return undefined;
  const message = `the lock file says that ${quoted(ref)} is ${quoted(locked)}, which is not there; there ${versions.length === 1 ? 'is' : 'are'} ${choices(versions, 'and')}`;
  return { message, hint: `install ${locked}, or run \`maestro lock\` to lock what is installed` };
}
