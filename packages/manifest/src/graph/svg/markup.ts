import { lookOf } from '../drawing.ts';
import type { Placed, Point } from './geometry.ts';
import { FONT, type TaskBox } from './layout.ts';

const RADIUS = { none: 16, read: 4, write: 4, approval: 4, unknown: 8, workflow: 10 } as const;

/** A task with what is written on it. Its tooltip has it all, whatever had to be cut. */
export function boxMarkup({ task, label, x, y, width, height, inner }: TaskBox): string {
  const look = inner ? 'workflow' : lookOf(task);
  const outline =
    look === 'approval'
      ? hexagon({ x, y, width, height })
      : `<rect class="box" x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="${RADIUS[look]}"/>`;
  const lines = [
    { text: label.title, size: FONT.title, kind: 'title' },
    { text: label.runs, size: FONT.runs, kind: '' },
    ...label.notes.map((text) => ({ text, size: FONT.notes, kind: 'notes' })),
  ].map(({ text, size, kind }, at) => line({ x: x + width / 2, y: y + 22 + at * (FONT.line + 1) }, text, size, `middle ${kind}`.trim()));
  return `<g class="${look}"><title>${escaped(tooltip(task))}</title>${outline}${lines.join('')}</g>`;
}

function tooltip(task: TaskBox['task']): string {
  const { name, uses, effect, when, forEach, compensate } = task;
  const lines = [name, `${uses.name}@${uses.version}${effect === undefined ? '' : `, ${effect}`}`];
  if (when !== undefined) lines.push(`when ${when}`);
  if (forEach) lines.push(`for each of ${forEach.in}`);
  if (compensate) lines.push(`undone by ${compensate.uses.name}@${compensate.uses.version}`);
  return lines.join('\n');
}

export function hexagon({ x, y, width, height }: Placed, tip = 10): string {
  const points = [
    [x - tip / 2, y + height / 2],
    [x + tip / 2, y],
    [x + width - tip / 2, y],
    [x + width + tip / 2, y + height / 2],
    [x + width - tip / 2, y + height],
    [x + tip / 2, y + height],
  ];
  return `<polygon class="box" points="${points.map((point) => point.map((value) => number(value ?? 0)).join(' ')).join(' ')}"/>`;
}

/** A line of text; `kind` is its classes, `middle` among them centres it at `at`. */
export function line(at: Point, text: string, size: number, kind: string): string {
  const classes = kind.split(' ').filter((one) => one !== 'middle');
  const anchor = kind.includes('middle') ? ' text-anchor="middle"' : '';
  return `<text x="${number(at.x)}" y="${number(at.y)}" font-size="${size}"${anchor}${classes.length > 0 ? ` class="${classes.join(' ')}"` : ''}>${escaped(text)}</text>`;
}

/** Text for XML 1.0: markup escaped, characters that it cannot hold at all replaced. */
export function escaped(text: string): string {
  return text
    .replace(UNWRITABLE, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** What XML 1.0 cannot hold: control characters, halves of surrogate pairs, two that are no characters. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** At most two decimals: enough for a screen, and the same everywhere. */
export function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}
