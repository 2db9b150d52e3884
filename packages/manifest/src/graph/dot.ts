import type { BodyView, PlannedTask, PlanView } from '../plan-view/shapes.ts';
import { approvalTitle, directNeeds, LOOKS, type Look, labelOf, lookOf, looksIn } from './drawing.ts';

const LOOK: Record<Look, string> = {
  none: 'style="rounded,filled", fillcolor="#eef1f4", color="#7a8794"',
  read: 'style=filled, fillcolor="#dcebfb", color="#2f6fb3"',
  write: 'style=filled, peripheries=2, fillcolor="#fde5cf", color="#c05a00"',
  approval: 'shape=hexagon, style=filled, fillcolor="#efe3fb", color="#7a3fb8"',
  unknown: 'style=rounded',
};

/** What stands for a task at the ends of arrows: a node, or the first and the last node inside of the cluster that it is. */
interface End {
  first: string;
  last: string;
  cluster?: string;
}

/** A plan for Graphviz. */
export function dot(view: PlanView, title: string): string {
  const writer = new Writer();
  writer.line('rankdir=TB;', 'compound=true;', 'fontname="sans-serif";', 'node [shape=box, fontname="sans-serif"];');
  const approval = approvalTitle(view);
  if (approval !== undefined) writer.line(`approval [label="${text(approval)}", ${LOOK.approval}];`);
  const ends = writer.list(view.tasks);
  if (approval !== undefined)
    for (const task of view.tasks)
      if (task.needs.length === 0) writer.edge({ first: 'approval', last: 'approval' }, ends.get(task.id), task.when !== undefined);
  writer.hooks(view, '');
  const looks = looksIn(view);
  const legend = LOOKS.filter(({ look }) => looks.has(look));
  if (legend.length > 1)
    writer.cluster('legend', 'shapes', () => {
      for (const { look, meaning } of legend) writer.line(`legend_${look} [label="${meaning}", ${LOOK[look]}];`);
    });
  return `digraph "${text(title)}" {\n${writer.text()}}\n`;
}

class Writer {
  readonly #lines: string[] = [];
  #indent = '  ';
  #count = 0;

  line(...lines: string[]): void {
    for (const line of lines) this.#lines.push(`${this.#indent}${line}\n`);
  }

  text(): string {
    return this.#lines.join('');
  }

  cluster(id: string, label: string, write: () => void): void {
    this.line(`subgraph cluster_${id} {`);
    this.#indent += '  ';
    this.line(`label="${label}";`, 'style=rounded;', 'color="#7a8794";');
    write();
    this.#indent = this.#indent.slice(2);
    this.line('}');
  }

  list(tasks: readonly PlannedTask[]): Map<string, End> {
    const ends = new Map<string, End>();
    for (const task of tasks) ends.set(task.id, this.#task(task));
    for (const { from, to } of directNeeds(tasks)) this.edge(ends.get(from.id), ends.get(to.id), to.when !== undefined);
    return ends;
  }

  edge(from: End | undefined, to: End | undefined, conditional: boolean): void {
    if (!from || !to) return;
    const attributes = [
      conditional ? 'style=dashed' : undefined,
      from.cluster === undefined ? undefined : `ltail=${from.cluster}`,
      to.cluster === undefined ? undefined : `lhead=${to.cluster}`,
    ].filter((attribute) => attribute !== undefined);
    this.line(`${from.last} -> ${to.first}${attributes.length > 0 ? ` [${attributes.join(', ')}]` : ''};`);
  }

  hooks(body: BodyView, prefix: string): void {
    if (body.onFailure?.length) this.cluster(`${prefix}failure`, 'on failure', () => this.list(body.onFailure ?? []));
    if (body.finally?.length) this.cluster(`${prefix}last`, 'at last, however it ended', () => this.list(body.finally ?? []));
  }

  #task(task: PlannedTask): End {
    const id = `t${this.#count++}`;
    const { title, runs, notes } = labelOf(task);
    const label = [title, runs, ...notes].map(text).join('\\n');
    const { workflow } = task;
    if (!workflow || workflow.tasks.length === 0) {
      this.line(`${id} [label="${label}", ${LOOK[lookOf(task)]}];`);
      return { first: id, last: id };
    }
    let inner: End[] = [];
    this.cluster(id, label, () => {
      inner = [...this.list(workflow.tasks).values()];
      this.hooks(workflow, `${id}_`);
    });
    return { first: inner[0]?.first ?? id, last: inner.at(-1)?.last ?? id, cluster: `cluster_${id}` };
  }
}

function text(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
