import type { BodyView, PlannedTask, PlanView } from '../plan-view/shapes.ts';
import { approvalTitle, directNeeds, LOOKS, type Look, labelOf, lookOf, looksIn } from './drawing.ts';

const SHAPES: Record<Look, [open: string, close: string]> = {
  none: ['(', ')'],
  read: ['[', ']'],
  write: ['[[', ']]'],
  approval: ['{{', '}}'],
  unknown: ['[', ']'],
};

const STYLES: Partial<Record<Look, string>> = {
  none: 'fill:#eef1f4,stroke:#7a8794,color:#1c2127',
  read: 'fill:#dcebfb,stroke:#2f6fb3,color:#12263a',
  write: 'fill:#fde5cf,stroke:#c05a00,color:#3a1c00',
  approval: 'fill:#efe3fb,stroke:#7a3fb8,color:#27113d',
};

/** A plan as a Mermaid flowchart. */
export function mermaid(view: PlanView): string {
  const writer = new Writer();
  const title = approvalTitle(view);
  const grouped = title !== undefined || view.onFailure !== undefined || view.finally !== undefined;
  if (title !== undefined) writer.line(`approval${shape('approval', text(title))}`);
  if (grouped && view.tasks.length > 0) {
    writer.group('main', 'tasks', () => writer.list(view.tasks));
    if (title !== undefined) writer.line('approval --> main');
  } else writer.list(view.tasks);
  writer.hooks(view, '');
  const looks = looksIn(view);
  for (const { look } of LOOKS) if (looks.has(look)) writer.line(`classDef ${look} ${STYLES[look]}`);
  if (title !== undefined) writer.line('class approval approval');
  const legend = LOOKS.filter(({ look }) => looks.has(look));
  if (legend.length > 1) {
    writer.group('legend', 'shapes', () => {
      for (const { look, meaning } of legend) writer.line(`legend_${look}${shape(look, meaning)}:::${look}`);
    });
  }
  return writer.text();
}

class Writer {
  readonly #lines = ['flowchart TD'];
  #indent = '  ';
  #count = 0;

  line(line: string): void {
    this.#lines.push(`${this.#indent}${line}`);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  group(id: string, title: string, write: () => void): void {
    this.line(`subgraph ${id}["${title}"]`);
    this.#indent += '  ';
    write();
    this.#indent = this.#indent.slice(2);
    this.line('end');
  }

  list(tasks: readonly PlannedTask[]): void {
    const ids = new Map<string, string>();
    for (const task of tasks) ids.set(task.id, this.#task(task));
    for (const { from, to } of directNeeds(tasks))
      this.line(`${ids.get(from.id)} ${to.when === undefined ? '-->' : '-.->'} ${ids.get(to.id)}`);
  }

  hooks(body: BodyView, prefix: string): void {
    if (body.onFailure?.length) this.group(`${prefix}failure`, 'on failure', () => this.list(body.onFailure ?? []));
    if (body.finally?.length) this.group(`${prefix}last`, 'at last, however it ended', () => this.list(body.finally ?? []));
  }

  #task(task: PlannedTask): string {
    const id = `t${this.#count++}`;
    const { title, runs, notes } = labelOf(task);
    const label = [title, runs, ...notes].map(text).join('<br/>');
    const { workflow } = task;
    if (workflow && workflow.tasks.length > 0) {
      this.group(id, label, () => {
        this.list(workflow.tasks);
        this.hooks(workflow, `${id}_`);
      });
    } else {
      const look = lookOf(task);
      this.line(`${id}${shape(look, label)}${look === 'unknown' ? '' : `:::${look}`}`);
    }
    return id;
  }
}

function shape(look: Look, label: string): string {
  const [open, close] = SHAPES[look];
  return `${open}"${label}"${close}`;
}

/** Whatever could be markup, an entity, a comment or a directive of Mermaid stands as its code. */
function text(value: string): string {
  return value.replace(/[^\p{L}\p{N} _.,:/@()=+*…-]/gu, (character) => `#${character.codePointAt(0)};`);
}
