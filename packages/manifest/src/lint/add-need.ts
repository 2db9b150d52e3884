import type { TaskView } from '../model/manifest.ts';
import type { SourceFile } from '../text/source.ts';

/** The edit that adds an id to the `needs` of a task; `undefined` where the text has no simple place for it. */
export function addNeed(file: SourceFile, task: TaskView, id: string): { start: number; end: number; newText: string } | undefined {
  const { needsEntry } = task;
  if (!needsEntry) return addField(file, task, id);
  const list = needsEntry.value;
  if (list.kind !== 'seq') return undefined;
  if (file.text[list.start] === '[') {
    const last = list.items.at(-1);
    const at = last ? last.end : list.start + 1;
    const text = isJson(file, needsEntry.key.start) ? JSON.stringify(id) : id;
    return { start: at, end: at, newText: last ? `, ${text}` : text };
  }
  const last = list.items.at(-1);
  return last && lineBelow(file, last.end, file.position(list.start).col, `- ${id}`);
}

/** `needs` comes behind `uses`. */
function addField(file: SourceFile, task: TaskView, id: string): { start: number; end: number; newText: string } | undefined {
  const uses = task.node.entries.get('uses');
  if (!uses) return undefined;
  const at = uses.value.end;
  if (task.node.flow && isJson(file, uses.key.start)) return { start: at, end: at, newText: `, "needs": [${JSON.stringify(id)}]` };
  if (task.node.flow) return { start: at, end: at, newText: `, needs: [${id}]` };
  return lineBelow(file, at, file.position(uses.key.start).col, `needs: [${id}]`);
}

/** Whether keys are written in double quotes, as JSON wants them: what was JSON has to stay JSON. */
function isJson(file: SourceFile, key: number): boolean {
  return file.text[key] === '"';
}

/** A line below the one of `offset`, behind whatever comment that has. */
function lineBelow(file: SourceFile, offset: number, col: number, text: string): { start: number; end: number; newText: string } {
  const { line } = file.position(offset);
  const end = file.offset({ line, col: file.line(line).length + 1 });
  return { start: end, end, newText: `\n${' '.repeat(col - 1)}${text}` };
}
