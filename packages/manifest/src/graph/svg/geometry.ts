export interface Point {
  x: number;
  y: number;
}

/** A rectangle, placed relative to the layout it is part of. */
export interface Placed extends Point {
  width: number;
  height: number;
}

export interface Arrow {
  /** In pairs: straight from the first to the second of a pair, curved to the next pair. */
  points: Point[];
  dashed: boolean;
  /** The straight parts go down; otherwise to the right. */
  down: boolean;
}
