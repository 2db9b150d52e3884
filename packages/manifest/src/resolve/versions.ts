// The functions one by one: the whole of semver would take as long to load as the YAML parser.
import rcompare from 'semver/functions/rcompare.js';
import satisfies from 'semver/functions/satisfies.js';
import valid from 'semver/functions/valid.js';
import validRange from 'semver/ranges/valid.js';

/** Whether a text is a version or a semver range. */
export function isRange(range: string): boolean {
  return range.length <= 200 && range.trim() !== '' && validRange(range) !== null;
}

/** Whether a text is one version, and not a range of them. */
export function isExact(range: string): boolean {
  return valid(range) !== null;
}

/** Versions, highest first. */
export function sorted(versions: Iterable<string>): string[] {
  return [...new Set(versions)].sort(rcompare);
}

/** The highest of `versions` that satisfies `range`. Pre-releases count only where the range names one. */
export function highest(versions: Iterable<string>, range: string): string | undefined {
  return sorted(versions).find((version) => satisfies(version, range));
}
