import type { Terminal } from '../terminal/terminal.ts';
import type { RunView } from './view.ts';

/** NDJSON on stdout: every event as it is, at last `{ "type": "result", "result": { ... } }`. What is for people goes to stderr. */
export function jsonView(terminal: Pick<Terminal, 'out' | 'err'>): RunView {
  return {
    started: () => {},
    event: (event) => terminal.out.line(JSON.stringify(event)),
    note: (text) => terminal.err.line(text),
    hold: (talk) => talk(),
    finished: (result) => terminal.out.line(JSON.stringify({ type: 'result', result })),
    close: () => {},
  };
}
