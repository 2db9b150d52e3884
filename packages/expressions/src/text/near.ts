/** Names longer than this are not compared: the cost is quadratic and nobody mistypes them by a letter. */
const LONGEST = 100;

/** Letters that are compared with letters in search of one name; what is not reached by then is not suggested. */
const MOST_COMPARED = 100_000;

/**
 * How many insertions, deletions, substitutions or swaps of neighbours lead from `a` to `b`;
 * counting stops at `limit + 1`.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const far = limit + 1;
  let beforeLast = new Uint16Array(b.length + 1);
  let last = Uint16Array.from({ length: b.length + 1 }, (_, i) => i);
  let row = new Uint16Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    row.fill(far);
    row[0] = i;
    let best = i;
    // Further from the diagonal everything is more than `limit` away.
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      row[j] = cost;
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return Math.min(last[b.length] as number, limit + 1);
}

/** The names among `choices` that somebody who wrote `name` may have meant, nearest first, at most `count`. */
export function nearest(name: string, choices: Iterable<string>, count = 1): string[] {
  if (name.length === 0 || name.length > LONGEST) return [];
  const limit = Math.max(1, Math.floor(name.length / 3));
  const wanted = fold(name);
  const found: { choice: string; distance: number }[] = [];
  let compared = 0;
  for (const choice of choices) {
    if (choice === name || choice.length > LONGEST) continue;
    if (Math.abs(choice.length - name.length) <= limit) compared += name.length * Math.min(choice.length, 2 * limit + 1);
    if (compared > MOST_COMPARED) break;
    // Also what is only cut short: int, bool, desc.
    const short = wanted.length >= 3 && fold(choice).startsWith(wanted);
    const distance = short ? limit : editDistance(wanted, fold(choice), limit);
    if (distance <= limit) found.push({ choice, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.choice < b.choice ? -1 : 1));
  return found.slice(0, count).map((entry) => entry.choice);
}

/** People forget case and mix up dashes with underscores more often than letters. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
