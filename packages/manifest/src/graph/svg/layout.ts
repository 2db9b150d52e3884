import { layout as dagre, graphlib } from '@dagrejs/dagre';
import type { BodyView, PlannedTask } from '../../plan-view/shapes.ts';
import { directNeeds, type Label, labelOf } from '../drawing.ts';
import type { Arrow, Placed, Point } from './geometry.ts';
import { textWidth } from './measure.ts';
import { routes } from './route.ts';

/** A task; one that is a sub-workflow holds the layout of that. */
export interface TaskBox extends Placed {
  task: PlannedTask;
  label: Label;
  inner?: Layout & Point;
}

/** Tasks that belong together for another reason than what they need. */
export interface Frame extends Placed {
  title: string;
  inner: Layout & Point;
}

export interface Layout {
  width: number;
  height: number;
  boxes: TaskBox[];
  frames: Frame[];
  arrows: Arrow[];
}

export type Direction = 'TB' | 'LR';

/** Pixels. */
export const FONT = { title: 14, runs: 11.5, notes: 11, line: 16 } as const;
const PAD = { x: 12, y: 9 } as const;
const GAP = 22;
const MIN_WIDTH = 96;
/** Above it the ranks are found by the faster of the library's ways. */
const SIMPLEX_UP_TO = 150;

/** The tasks of a workflow, below them those of its hooks; the tasks in a frame of their own where there is more than them. */
export function layoutBody(body: BodyView, direction: Direction, framed = false): Layout {
  const hooks: Frame[] = [];
  if (body.onFailure?.length) hooks.push(frame('on failure', layoutList(body.onFailure, direction)));
  if (body.finally?.length) hooks.push(frame('at last, however it ended', layoutList(body.finally, direction)));
  const main = layoutList(body.tasks, direction);
  return framed || hooks.length > 0 ? stack([frame('tasks', main), ...hooks]) : main;
}

/** Parts one below the other, centred. */
export function stack(parts: readonly (Layout | Frame)[]): Layout {
  const width = Math.max(...parts.map((part) => part.width));
  const all: Layout = { width, height: 0, boxes: [], frames: [], arrows: [] };
  for (const part of parts) {
    const y = all.height === 0 ? 0 : all.height + GAP;
    const x = (width - part.width) / 2;
    if ('inner' in part) all.frames.push({ ...part, x, y });
    else absorb(all, part, { x, y });
    all.height = y + part.height;
  }
  return all;
}

export function frame(title: string, inner: Layout): Frame {
  const width = Math.max(inner.width, textWidth(title, FONT.runs, true)) + 2 * GAP;
  const top = GAP + FONT.line;
  return { title, x: 0, y: 0, width, height: inner.height + top + GAP, inner: { ...inner, x: (width - inner.width) / 2, y: top } };
}

function layoutList(tasks: readonly PlannedTask[], direction: Direction): Layout {
  const boxes = new Map(tasks.map((task) => [task.id, boxOf(task, direction)]));
  const needs = directNeeds(tasks);
  const linked = new Set(needs.flatMap(({ from, to }) => [from.id, to.id]));
  const apart = [...boxes.values()].filter(({ task }) => !linked.has(task.id));
  const parts: Layout[] = [];
  if (linked.size > 0)
    parts.push(
      linkedLayout(
        [...boxes.values()].filter(({ task }) => linked.has(task.id)),
        needs,
        direction,
      ),
    );
  if (apart.length > 0) parts.push(grid(apart));
  return parts.length > 1 ? stack(parts) : (parts[0] ?? EMPTY);
}

const EMPTY: Layout = { width: 0, height: 0, boxes: [], frames: [], arrows: [] };

/** The library lays out from above to below; from left to right is the same with the axes exchanged. */
function linkedLayout(boxes: readonly TaskBox[], needs: readonly { from: PlannedTask; to: PlannedTask }[], direction: Direction): Layout {
  const turn = <T extends Point>(one: T): T => (direction === 'TB' ? one : { ...one, x: one.y, y: one.x });
  const turnBox = <T extends Placed>(one: T): T => (direction === 'TB' ? one : { ...turn(one), width: one.height, height: one.width });
  const graph = new graphlib.Graph();
  graph.setGraph({
    rankdir: 'TB',
    nodesep: 28,
    ranksep: 52,
    edgesep: 18,
    ...(boxes.length > SIMPLEX_UP_TO ? { ranker: 'tight-tree' } : {}),
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of boxes) {
    const { width, height } = turnBox(box);
    graph.setNode(box.task.id, { width, height });
  }
  for (const { from, to } of needs) graph.setEdge(from.id, to.id);
  dagre(graph);
  const centers = boxes.map(({ task }) => graph.node(task.id) as Point);
  const side = againstOrder(centers) ? -1 : 1;
  const placed = boxes.map((box, at) => {
    const turned = turnBox(box);
    const { x, y } = centers[at] as Point;
    return { ...turned, x: side * x - turned.width / 2, y: y - turned.height / 2 };
  });
  const byId = new Map(placed.map((box) => [box.task.id, box]));
  const links = needs.map(({ from, to }) => ({
    from: byId.get(from.id) as TaskBox,
    to: byId.get(to.id) as TaskBox,
    via: (graph.edge(from.id, to.id) as { points: Point[] }).points.map(({ x, y }) => ({ x: side * x, y })),
    dashed: to.when !== undefined,
  }));
  const arrows = routes(links, placed).map((arrow) => ({ ...arrow, points: arrow.points.map(turn), down: direction === 'TB' }));
  return trimmed({ width: 0, height: 0, boxes: placed.map(turnBox), frames: [], arrows });
}

/** Whether most neighbours in a row stand the other way round than in the plan: then the mirrored picture reads better. */
function againstOrder(centers: readonly Point[]): boolean {
  const rows = new Map<number, Point>();
  let against = 0;
  for (const center of centers) {
    const before = rows.get(center.y);
    if (before) against += Math.sign(before.x - center.x);
    rows.set(center.y, center);
  }
  return against > 0;
}

/** Moved to the origin, as large as what is in it. */
function trimmed(layout: Layout): Layout {
  const points = [
    ...layout.boxes.flatMap(({ x, y, width, height }) => [
      { x, y },
      { x: x + width, y: y + height },
    ]),
    ...layout.arrows.flatMap((arrow) => arrow.points),
  ];
  const low = { x: Infinity, y: Infinity };
  const high = { x: -Infinity, y: -Infinity };
  for (const { x, y } of points) {
    low.x = Math.min(low.x, x);
    low.y = Math.min(low.y, y);
    high.x = Math.max(high.x, x);
    high.y = Math.max(high.y, y);
  }
  const all: Layout = { width: high.x - low.x, height: high.y - low.y, boxes: [], frames: [], arrows: [] };
  absorb(all, layout, { x: -low.x, y: -low.y });
  return all;
}

/** Tasks that nothing connects, in rows: one after the other they would make an endless line. */
function grid(boxes: readonly TaskBox[]): Layout {
  const width = Math.max(...boxes.map((box) => box.width)) + GAP;
  const height = Math.max(...boxes.map((box) => box.height)) + GAP;
  // About as wide as a page that lies on its side.
  const columns = Math.max(1, Math.round(Math.sqrt((boxes.length * 1.6 * height) / width)));
  const all: Layout = { width: 0, height: 0, boxes: [], frames: [], arrows: [] };
  let y = 0;
  for (let at = 0; at < boxes.length; at += columns) {
    const row = boxes.slice(at, at + columns);
    for (const [column, box] of row.entries()) all.boxes.push({ ...box, x: column * width, y });
    all.height = y + Math.max(...row.map((box) => box.height));
    y = all.height + GAP;
  }
  all.width = Math.max(...all.boxes.map((box) => box.x + box.width));
  return all;
}

function boxOf(task: PlannedTask, direction: Direction): TaskBox {
  const label = labelOf(task);
  const lines = [
    textWidth(label.title, FONT.title, true),
    textWidth(label.runs, FONT.runs),
    ...label.notes.map((note) => textWidth(note, FONT.notes)),
  ];
  const width = Math.max(MIN_WIDTH, Math.ceil(Math.max(...lines)) + 2 * PAD.x);
  const height = (lines.length + 0.2) * FONT.line + 2 * PAD.y;
  const box: TaskBox = { task, label, x: 0, y: 0, width, height };
  if (!task.workflow?.tasks.length) return box;
  const inner = layoutBody(task.workflow, direction);
  const wide = Math.max(width, inner.width + 2 * GAP);
  return { ...box, width: wide, height: height + inner.height + GAP, inner: { ...inner, x: (wide - inner.width) / 2, y: height } };
}

function absorb(into: Layout, part: Layout, by: Point): void {
  const moved = <T extends Point>(one: T): T => ({ ...one, x: one.x + by.x, y: one.y + by.y });
  into.boxes.push(...part.boxes.map(moved));
  into.frames.push(...part.frames.map(moved));
  into.arrows.push(...part.arrows.map((arrow) => ({ ...arrow, points: arrow.points.map(moved) })));
}
