import type { Arrow, Placed, Point } from './geometry.ts';

/** An arrow before it has a route: from box to box, with the points that the layout keeps free for it in the rows between. */
export interface Link {
  from: Placed;
  to: Placed;
  via: readonly Point[];
  dashed: boolean;
}

/** A row of boxes; arrows change sides only between rows. */
interface Row {
  middle: number;
  top: number;
  bottom: number;
}

/** Pixels between arrows at the same side of a box. */
const PORT_GAP = 14;

/** Routes from above to below: straight down through the rows, curved in the gaps between them, so that no arrow crosses a box. */
export function routes(links: readonly Link[], boxes: readonly Placed[]): Arrow[] {
  const rows = rowsOf(boxes);
  const starts = ports(links, 'from');
  const ends = ports(links, 'to');
  return links.map((link, at) => {
    const { from, to, via, dashed } = link;
    const start = rowOf(rows, from);
    const end = rowOf(rows, to);
    const [x0, x1] = [starts[at] ?? 0, ends[at] ?? 0];
    const points: Point[] = [
      { x: x0, y: from.y + from.height },
      { x: x0, y: start.bottom },
    ];
    for (const row of rows.slice(rows.indexOf(start) + 1, rows.indexOf(end))) {
      const x = crossing(via, row.middle);
      points.push({ x, y: row.top }, { x, y: row.bottom });
    }
    points.push({ x: x1, y: end.top }, { x: x1, y: to.y });
    return { points, dashed, down: true };
  });
}

function rowsOf(boxes: readonly Placed[]): Row[] {
  const rows: Row[] = [];
  for (const { y, height } of boxes) {
    const middle = y + height / 2;
    const row = rows.find((one) => Math.abs(one.middle - middle) < 1);
    if (row) {
      row.top = Math.min(row.top, y);
      row.bottom = Math.max(row.bottom, y + height);
    } else rows.push({ middle, top: y, bottom: y + height });
  }
  return rows.sort((a, b) => a.middle - b.middle);
}

function rowOf(rows: readonly Row[], { y, height }: Placed): Row {
  const middle = y + height / 2;
  return rows.find((row) => Math.abs(row.middle - middle) < 1) ?? { middle, top: y, bottom: y + height };
}

/** Where each arrow leaves or meets its box: beside each other, in the order of where they come from or go to. */
function ports(links: readonly Link[], end: 'from' | 'to'): number[] {
  const other = end === 'from' ? 'to' : 'from';
  const aim = ({ via, ...link }: Link) => (end === 'from' ? via[1] : via.at(-2))?.x ?? center(link[other]);
  const found: number[] = [];
  const byBox = new Map<Placed, number[]>();
  for (const [at, link] of links.entries()) byBox.set(link[end], [...(byBox.get(link[end]) ?? []), at]);
  for (const [box, all] of byBox) {
    const sorted = [...all].sort((a, b) => aim(links[a] as Link) - aim(links[b] as Link) || a - b);
    const gap = Math.min(PORT_GAP, (box.width * 0.7) / sorted.length);
    for (const [place, at] of sorted.entries()) found[at] = center(box) + (place - (sorted.length - 1) / 2) * gap;
  }
  return found;
}

function center({ x, width }: Placed): number {
  return x + width / 2;
}

/** Where a line through `points` is at the height `y`. */
function crossing(points: readonly Point[], y: number): number {
  for (const [at, point] of points.entries()) {
    const next = points[at + 1];
    if (!next || y <= point.y) return point.x;
    if (y <= next.y) return point.x + ((next.x - point.x) * (y - point.y)) / (next.y - point.y || 1);
  }
  return 0;
}
