/**
 * JavaScript that makes a fresh realm fit for a mapper, run inside of it. It leaves the language and takes the rest: what reaches memory
 * outside of the heap (buffers, WebAssembly), what works later (finalizers), the console, `eval`. Everything that is left is frozen.
 *
 * Its value is `(mapper, vars, largest) => feed`. `feed(text)` takes the rows of a batch as JSON text, `$next()` maps the next of them to lines: for each row `=`
 * and its JSON, or `!` and why it failed. Before them: `C` (there is more), `D` (that was the batch) or `L` (a row is larger than `largest`). Only text
 * crosses the border of the realm.
 */
export const REALM = `'use strict';
(() => {
  const KEPT = ['Object', 'Function', 'Array', 'Number', 'Infinity', 'NaN', 'Boolean', 'String', 'Symbol', 'Date', 'Promise', 'RegExp', 'Error',
    'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'JSON', 'Math', 'Intl', 'Map', 'BigInt', 'Set',
    'Iterator', 'WeakMap', 'WeakSet', 'Proxy', 'Reflect', 'parseFloat', 'parseInt', 'undefined', 'globalThis', 'decodeURI', 'decodeURIComponent',
    'encodeURI', 'encodeURIComponent', 'escape', 'unescape', 'isFinite', 'isNaN'];
  for (const key of Reflect.ownKeys(globalThis)) if (!KEPT.includes(key)) delete globalThis[key];
  Error.stackTraceLimit = 20;
  const { parse, stringify } = JSON;
  const { freeze } = Object;
  const PromiseClass = Promise;

  const freezeAll = (...roots) => {
    const seen = new Set();
    for (let at = 0; at < roots.length; at++) {
      const value = roots[at];
      if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) continue;
      seen.add(value);
      roots.push(Reflect.getPrototypeOf(value));
      for (const key of Reflect.ownKeys(value)) {
        const own = Reflect.getOwnPropertyDescriptor(value, key);
        roots.push(own.value, own.get, own.set);
      }
      freeze(value);
    }
  };

  const describe = (error) => {
    try {
      const isObject = typeof error === 'object' && error !== null;
      const text = \`\${isObject ? error.message : error}\`;
      const line = isObject ? /mapper:(\\d+)/.exec(\`\${error.stack}\`) : null;
      return line === null ? text.slice(0, 1000) : \`\${text.slice(0, 1000)} (line \${line[1]})\`;
    } catch {
      return 'it threw something that cannot be read';
    }
  };

  let rows = [];
  let at = 0;
  let busy = false;
  let map;
  let vars;
  let largest;
  const lineOf = ({ index, row }) => {
    try {
      const value = map(row, index, vars);
      if (value instanceof PromiseClass) return '!' + stringify('it returned a promise: a mapper is no asynchronous function');
      const json = stringify(value);
      return typeof json === 'string' ? '=' + json : '!' + stringify('it returned nothing that JSON has; end it with return');
    } catch (error) {
      return '!' + stringify(describe(error));
    }
  };
  const next = () => {
    if (busy) throw new Error('$next is not for mappers');
    busy = true;
    let lines = '';
    while (at < rows.length && lines.length < 65536) {
      const line = lineOf(rows[at]);
      rows[at++] = undefined;
      if (line.length > largest) return 'L' + lines;
      lines += line + '\\n';
    }
    busy = false;
    return (at < rows.length ? 'C' : 'D') + lines;
  };
  Object.defineProperty(globalThis, '$next', { value: next });

  return (mapper, given, longest) => {
    map = mapper;
    vars = parse(given);
    largest = longest;
    freezeAll(vars, globalThis, mapper, function* () {}, async () => {}, async function* () {}, [][Symbol.iterator](), new Map().entries(),
      new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), new Intl.Segmenter().segment(''));
    return (text) => {
      rows = parse(text);
      at = 0;
    };
  };
})()`;
