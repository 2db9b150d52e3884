import { PlanError } from '../../plan-view/plan-error.ts';
import type { BodyView, PlannedTask, PlanView } from '../../plan-view/shapes.ts';
import { approvalTitle, LOOKS, looksIn } from '../drawing.ts';
import type { Arrow, Point } from './geometry.ts';
import { FONT, type Frame, type Layout, layoutBody, type TaskBox } from './layout.ts';
import { boxMarkup, escaped, hexagon, line, number } from './markup.ts';
import { textWidth } from './measure.ts';
import { STYLE } from './style.ts';

/** More are no picture any more. */
const MAX_TASKS = 1_000;

const MARGIN = 24;
const GATE = { height: 40, gap: 36 } as const;
/** What is wider than this many times its height is drawn from left to right, where that is nearer to a page. */
const WIDE = 2.2;

/** A view of a plan as SVG. */
export function drawing(view: PlanView, ref: string): string {
  const count = tasksIn(view);
  if (count > MAX_TASKS)
    throw new PlanError(
      'PLAN_TOO_LARGE',
      `a picture shows at most ${MAX_TASKS} tasks, the plan has ${count}, those of its sub-workflows included`,
    );
  const approval = approvalTitle(view);
  const framed = bestLayout(view, approval !== undefined && view.tasks.length > 0);
  const gate =
    approval === undefined ? { width: 0, height: 0 } : { width: textWidth(approval, FONT.runs) + 64, height: GATE.height + GATE.gap };
  const empty = count === 0 ? textWidth(NO_TASKS, FONT.title) : 0;
  const legend = legendOf(view);
  const heading = textWidth(ref, 18, true);
  const inside = Math.max(framed.width, gate.width, legend.width, heading, empty);
  const top = MARGIN + 36;
  const width = Math.ceil(inside + 2 * MARGIN);
  const bodyTop = top + gate.height;
  const height = Math.ceil(bodyTop + Math.max(framed.height, 24) + legend.height + MARGIN);
  const middle = width / 2;
  const parts = [line({ x: MARGIN, y: MARGIN + 14 }, ref, 18, 'title')];
  if (approval !== undefined) {
    const at = { x: middle - gate.width / 2, y: top };
    parts.push(
      `<g class="approval">${hexagon({ ...at, width: gate.width, height: GATE.height })}${line({ x: middle, y: top + 24 }, approval, FONT.runs, 'middle')}</g>`,
      arrowMarkup({
        points: [
          { x: middle, y: top + GATE.height },
          { x: middle, y: bodyTop - 2 },
        ],
        dashed: false,
        down: true,
      }),
    );
  }
  if (count === 0) parts.push(line({ x: MARGIN, y: bodyTop + 16 }, NO_TASKS, FONT.title, 'quiet'));
  parts.push(
    ...layoutMarkup(framed, { x: (width - framed.width) / 2, y: bodyTop }),
    ...legend.draw({ x: MARGIN, y: height - MARGIN - 14 }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="maestro-title maestro-desc">
<title id="maestro-title">${escaped(ref)}</title>
<desc id="maestro-desc">${escaped(description(view))}</desc>
<style>
${STYLE}</style>
<defs><marker id="maestro-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 1 10 5 0 9z"/></marker></defs>
<rect class="paper" width="100%" height="100%"/>
${parts.join('\n')}
</svg>
`;
}

const NO_TASKS = 'no tasks';

/** For those who do not see the picture. */
function description(view: PlanView): string {
  const sentences = view.stages.map((ids, at) => `Stage ${at + 1}: ${ids.join(', ')}.`);
  const approval = approvalTitle(view);
  if (approval !== undefined) sentences.unshift(`Starts after ${approval}.`);
  const hooks = (tasks: readonly PlannedTask[] | undefined, title: string) => {
    if (tasks?.length) sentences.push(`${title}: ${tasks.map(({ id }) => id).join(', ')}.`);
  };
  hooks(view.onFailure, 'On failure');
  hooks(view.finally, 'At last');
  return sentences.length === 0 ? 'No tasks.' : sentences.join(' ');
}

function tasksIn({ tasks, onFailure = [], finally: last = [] }: BodyView): number {
  return [...tasks, ...onFailure, ...last].reduce((sum, { workflow }) => sum + 1 + (workflow ? tasksIn(workflow) : 0), 0);
}

function bestLayout(view: PlanView, framed: boolean): Layout {
  const down = layoutBody(view, 'TB', framed);
  if (down.width <= WIDE * down.height) return down;
  const right = layoutBody(view, 'LR', framed);
  const distance = ({ width, height }: Layout) => Math.abs(Math.log(width / height / 1.4));
  return distance(right) < distance(down) ? right : down;
}

function layoutMarkup(layout: Layout, at: Point): string[] {
  const moved = <T extends Point>(one: T): T => ({ ...one, x: one.x + at.x, y: one.y + at.y });
  return [
    ...layout.frames.flatMap((one) => frameMarkup(moved(one))),
    ...layout.boxes.flatMap((one) => taskMarkup(moved(one))),
    // Above the boxes of sub-workflows, whose inside they cross on no way.
    ...layout.arrows.map((one) => arrowMarkup({ ...one, points: one.points.map(moved) })),
  ];
}

function frameMarkup({ x, y, width, height, title, inner }: Frame): string[] {
  const rect = `<rect class="group" x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="10"/>`;
  return [
    rect,
    line({ x: x + 12, y: y + 18 }, title, FONT.runs, 'title quiet'),
    ...layoutMarkup(inner, { x: x + inner.x, y: y + inner.y }),
  ];
}

function taskMarkup(box: TaskBox): string[] {
  const { x, y, inner } = box;
  return [boxMarkup(box), ...(inner ? layoutMarkup(inner, { x: x + inner.x, y: y + inner.y }) : [])];
}

/** Straight within the pairs of its points, curved between them; the curve starts and ends in the direction of the straight parts. */
function arrowMarkup({ points, dashed, down }: Arrow): string {
  const [first, second, ...rest] = points;
  if (!first || !second) return '';
  let path = `M${at(first)}L${at(second)}`;
  let last = second;
  for (let index = 0; index + 1 < rest.length; index += 2) {
    const [enter, leave] = [rest[index] as Point, rest[index + 1] as Point];
    const halfway = { x: (last.x + enter.x) / 2, y: (last.y + enter.y) / 2 };
    path += down
      ? `C${at({ x: last.x, y: halfway.y })} ${at({ x: enter.x, y: halfway.y })} ${at(enter)}`
      : `C${at({ x: halfway.x, y: last.y })} ${at({ x: halfway.x, y: enter.y })} ${at(enter)}`;
    path += `L${at(leave)}`;
    last = leave;
  }
  return `<path class="arrow${dashed ? ' dashed' : ''}" d="${path}" marker-end="url(#maestro-head)"/>`;
}

function at({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

/** What the looks mean, of those that occur. */
function legendOf(view: PlanView): { width: number; height: number; draw(at: Point): string[] } {
  const looks = looksIn(view);
  const shown = LOOKS.filter(({ look }) => looks.has(look));
  const conditional = hasCondition(view);
  if (shown.length === 0) return { width: 0, height: 0, draw: () => [] };
  const cells = shown.map(({ look, meaning }) => ({ look, meaning, width: 48 + textWidth(meaning, FONT.notes) }));
  const dashes = 48 + textWidth(CONDITIONAL, FONT.notes);
  return {
    width: cells.reduce((sum, cell) => sum + cell.width, conditional ? dashes : 0),
    height: 48,
    draw: (start) => {
      let { x } = start;
      const marks = cells.map(({ look, meaning, width }) => {
        const place = { x, y: start.y, width: 24, height: 14 };
        const radius = look === 'none' ? 7 : 2;
        const shape =
          look === 'approval'
            ? hexagon(place, 6)
            : `<rect class="box" x="${number(x)}" y="${number(start.y)}" width="24" height="14" rx="${radius}"/>`;
        const mark = `<g class="${look}">${shape}</g>${line({ x: x + 30, y: start.y + 11 }, meaning, FONT.notes, 'quiet')}`;
        x += width;
        return mark;
      });
      if (!conditional) return marks;
      const dash = `<path class="arrow dashed" d="M${number(x)} ${number(start.y + 7)}h24"/>`;
      return [...marks, `${dash}${line({ x: x + 30, y: start.y + 11 }, CONDITIONAL, FONT.notes, 'quiet')}`];
    },
  };
}

const CONDITIONAL = 'on a condition';

function hasCondition({ tasks, onFailure = [], finally: last = [] }: BodyView): boolean {
  return [...tasks, ...onFailure, ...last].some(
    (task) => (task.when !== undefined && task.needs.length > 0) || (task.workflow && hasCondition(task.workflow)),
  );
}
