import { REALM } from './realm.ts';

/** Largest JSON of a row, in UTF-16 units; as long as a record may be that is read. */
export const LARGEST_ROW = 16 * 1024 * 1024;

/**
 * The program of a process that runs one mapper. Reads lines of JSON from standard input: first `{ code, vars, timeoutMs }`, then one batch of `{ index, row }`
 * after the other. Answers `.` when it is ready or a batch is done, before that a line for every row: `=` and its JSON, or `!` and why it failed; and for the end:
 * `S` and why the code is none, `T` (it took too long), `L` (a row is too large), `X` (the realm was left in an unexpected way).
 *
 * It reads and writes synchronously and never returns to the event loop: promises and timers of the mapper have no turn in which they could run. Nothing
 * that the mapper made is touched here but text. Should it get hold of something of the outer realm all the same, there is no way from there to new code:
 * the constructors of functions are cut off, the process makes no code from texts, its globals are gone, and it was started without any permission.
 */
export const CHILD = `'use strict';
const vm = require('node:vm');
const { readSync, writeSync } = require('node:fs');
const exit = process.reallyExit.bind(process);
const now = performance.now.bind(performance);

for (const sample of [function () {}, async function () {}, function* () {}, async function* () {}]) {
  Object.defineProperty(Object.getPrototypeOf(sample), 'constructor', { value: undefined, writable: false, configurable: false });
}
const language = new Set(vm.runInNewContext('Reflect.ownKeys(globalThis)'));
const buffers = [Buffer, TextDecoder];
for (const key of Reflect.ownKeys(globalThis)) if (!language.has(key) || key === 'console' || key === 'Function' || key === 'eval') Reflect.deleteProperty(globalThis, key);

const chunk = buffers[0].alloc(1024 * 1024);
const decoder = new buffers[1]();
let pending = '';
const line = () => {
  const parts = [pending];
  for (;;) {
    const length = readSync(0, chunk);
    if (length === 0) exit(0);
    const text = decoder.decode(chunk.subarray(0, length), { stream: true });
    const end = text.indexOf('\\n');
    parts.push(end === -1 ? text : text.slice(0, end));
    if (end === -1) continue;
    pending = text.slice(end + 1);
    return parts.join('');
  }
};
const write = (text) => {
  const bytes = buffers[0].from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
};
const end = (text) => {
  write(text + '\\n');
  exit(0);
};

const { code, vars, timeoutMs } = JSON.parse(line());
const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: false } });
const setUp = vm.runInContext(${JSON.stringify(REALM)}, context, { filename: 'realm' });
let feed;
try {
  const prefix = "'use strict';";
  const mapper = vm.compileFunction(prefix + code, ['row', 'index', 'vars'], { parsingContext: context, filename: 'mapper', columnOffset: -prefix.length });
  feed = setUp(mapper, vars, ${LARGEST_ROW});
} catch (error) {
  const at = /^mapper:(\\d+)/.exec(error.stack);
  end('S' + JSON.stringify(error.message + (at === null ? '' : ' (line ' + at[1] + ')')));
}
const next = new vm.Script('$next()', { filename: 'realm' });
write('.\\n');
for (;;) {
  feed(line());
  const until = now() + timeoutMs;
  for (let more = true; more; ) {
    let answer;
    try {
      answer = next.runInContext(context, { timeout: Math.max(1, Math.ceil(until - now())) });
    } catch {
      end(now() >= until - 1 ? 'T' : 'X');
    }
    if (typeof answer !== 'string') end('X');
    write(answer.slice(1));
    if (answer[0] === 'L') end('L');
    more = answer[0] === 'C';
  }
  write('.\\n');
}
`;
