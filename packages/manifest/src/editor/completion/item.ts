import type { Range } from '../../diagnostic.ts';

/** Something that can stand at the cursor. */
export interface Completion {
  kind: 'task' | 'workflow' | 'name' | 'field' | 'function' | 'value';
  label: string;
  /** Put in place of `range`. */
  newText: string;
  range: Range;
  /** What is typed is held against this; absent: the label. */
  filter?: string;
  detail?: string;
  /** Markdown. */
  text?: string;
}
