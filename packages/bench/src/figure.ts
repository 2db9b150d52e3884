/** One measured figure: ours beside another in the same run, as a ratio, with what it must be. */
export interface Figure {
  figure: string;
  unit: string;
  ours: number;
  other: number;
  otherName: string;
  /** `ours / other`. */
  ratio: number;
  /** What the ratio must reach (`higher` is better) or stay below (`lower`). */
  must: number;
  better: 'higher' | 'lower';
  holds: boolean;
  /** Further figures of the same run, for the reader. */
  note?: string;
}

/** What is compared with what. */
export interface Comparison {
  figure: string;
  unit: string;
  /** Each measures once and returns its value in `unit`. */
  ours: () => Promise<number> | number;
  other: () => Promise<number> | number;
  otherName: string;
  must: number;
  better: 'higher' | 'lower';
  /** Counted rounds; default 7. */
  rounds?: number;
  /** Rounds before that which do not count: what lives long is measured when it has been compiled. Default 1. */
  warmUp?: number;
  note?: string;
}

/** Measures the two in turn, so that both see the same machine, and takes the median of the ratios of the pairs. */
export async function compareInterleaved(comparison: Comparison): Promise<Figure> {
  const { figure, unit, otherName, must, better, rounds = 7, warmUp = 1, note } = comparison;
  const ours: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < warmUp; round++) {
    await comparison.ours();
    await comparison.other();
  }
  for (let round = 0; round < rounds; round++) {
    // Which goes first alternates: the second of a pair may find a warmer or a more tired machine.
    if (round % 2 === 0) ours.push(await comparison.ours());
    other.push(await comparison.other());
    if (round % 2 === 1) ours.push(await comparison.ours());
  }
  const ratio = median(ours.map((value, round) => value / (other[round] ?? Number.NaN)));
  const holds = better === 'higher' ? ratio >= must : ratio <= must;
  return {
    figure,
    unit,
    ours: median(ours),
    other: median(other),
    otherName,
    ratio,
    must,
    better,
    holds,
    ...(note === undefined ? {} : { note }),
  };
}

/** A measured value beside what it may be at most: `must` times the other. */
export function bound(figure: string, unit: string, ours: number, other: number, otherName: string, must: number): Figure {
  const ratio = ours / other;
  return { figure, unit, ours, other, otherName, ratio, must, better: 'lower', holds: ratio <= must };
}

/** The middle value; of an even number of them the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One line per figure, for a person. */
export function describe({ figure, unit, ours, other, otherName, ratio, must, better, holds, note }: Figure): string {
  const bound = `${better === 'higher' ? '>=' : '<='} ${must}`;
  const line = `${holds ? 'holds ' : 'FAILS '} ${figure}\n         ours ${number(ours)} ${unit}, ${otherName} ${number(other)} ${unit}: ratio ${ratio.toFixed(2)} (must be ${bound})`;
  return note === undefined ? line : `${line}\n         ${note}`;
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}
