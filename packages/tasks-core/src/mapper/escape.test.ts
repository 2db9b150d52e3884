import { createRunContext } from '@summit/maestro-sdk';
import { expect, it } from 'vitest';
import { transformMap } from '../tasks/transform.map.ts';

/** Ways out of a vm that have worked somewhere: each yields something only where it got something it should not have. */
const ATTEMPTS = {
  'the constructor of this': 'return code(globalThis.constructor.constructor)',
  'the this of a function': 'return (function () { return this; })()',
  'the constructor of a row': 'return code(row.constructor.constructor)',
  'the constructor of vars': 'return code(vars.constructor.constructor)',
  'the constructor of a nested value': 'return code(vars.list.constructor.constructor)',
  'the constructor of the index': 'return code(index.constructor.constructor)',
  'the constructor of a function': 'return code((() => {}).constructor)',
  'Function itself': 'return code(Function)',
  'Function as a constructor': 'return new Function("return process")()',
  'Function through Reflect': 'return Reflect.construct(Function, ["return process"])()',
  'the constructor of async functions': 'return code((async () => {}).constructor)',
  'the constructor of generators': 'return code((function* () {}).constructor)',
  'the constructor of async generators': 'return code((async function* () {}).constructor)',
  eval: 'return eval("process")',
  'indirect eval': 'return (0, eval)("process")',
  'an error of eval': 'try { (0, (() => {}).constructor)("1"); } catch (error) { return code(error.constructor.constructor); }',
  'an error of a stack that overflows': 'try { (function f() { f(); })(); } catch (error) { return code(error.constructor.constructor); }',
  'an overflow within JSON':
    'const deep = []; let at = deep; for (let i = 0; i < 1e5; i++) at = at[0] = []; try { JSON.stringify(deep); } catch (error) { return code(error.constructor.constructor); }',
  'an error of JSON': 'try { JSON.parse("{"); } catch (error) { return code(error.constructor.constructor); }',
  'an invalid length': 'try { "a".repeat(-1); } catch (error) { return code(error.constructor.constructor); }',
  'a dynamic import': 'return code(import("node:fs").constructor.constructor)',
  'the error of a dynamic import':
    'let got; import("node:fs").then((fs) => { got = fs; }, (error) => { got = error; }); for (let i = 0; i < 1e5; i++); return got',
  'the error of a dynamic import, later':
    'if (state.later) return state.later; import("node:fs").catch((error) => { state.later = error; }); return state.later',
  'an earlier dynamic import': 'return state.later',
  'a promise that was resolved earlier': 'Promise.resolve().then(() => { state.ran = true; }); return state.ran',
  'and has run': 'return state.ran',
  'the caller of a function': 'return (function f() { return f.caller; })()',
  'the callee': 'return (function () { return arguments.callee.caller; })()',
  'frames through prepareStackTrace': 'Error.prepareStackTrace = (_, frames) => frames; return new Error("x").stack[0].getThis()',
  'frames through a defined prepareStackTrace':
    'Object.defineProperty(Error, "prepareStackTrace", { value: (_, frames) => frames }); return new Error("x").stack',
  'frames through a class of errors':
    'class E extends Error { static prepareStackTrace(_, frames) { return frames; } } const { stack } = new E("x"); return typeof stack === "string" ? undefined : stack',
  'frames through captureStackTrace': 'const o = {}; Error.captureStackTrace(o); return typeof o.stack === "string" ? undefined : o.stack',
  'names of the process':
    'return [typeof process, typeof require, typeof module, typeof Buffer, typeof global, typeof fetch, typeof setTimeout, typeof queueMicrotask, typeof structuredClone, typeof console, typeof WebAssembly].find((type) => type !== "undefined")',
  'memory outside of the heap':
    'return [typeof ArrayBuffer, typeof SharedArrayBuffer, typeof Uint8Array, typeof DataView, typeof Atomics, typeof FinalizationRegistry, typeof WeakRef].find((type) => type !== "undefined")',
  'names of the global':
    'return Reflect.ownKeys(globalThis).find((name) => typeof name !== "string" || /process|require|^_|bind/.test(name))',
  'the prototypes of the global': 'for (let at = globalThis; at; at = Object.getPrototypeOf(at)) if (at.process || at.require) return at',
  'the descriptors of the global': 'return Object.values(Object.getOwnPropertyDescriptors(globalThis)).find(({ get, set }) => get || set)',
  'a getter on the prototype of objects':
    'Object.defineProperty(Object.prototype, "toJSON", { get() { return () => "leaked"; } }); return "changed"',
  'a changed JSON': 'JSON.stringify = () => "leaked"; return "changed"',
  'a changed array': 'Array.prototype.push = () => "leaked"; return "changed"',
  'a changed prototype': 'Object.setPrototypeOf(globalThis, { process: 1 }); return "changed"',
  'a changed promise': 'Promise.prototype.then = () => "leaked"; return "changed"',
  'a new global': 'globalThis.leaked = 1; return "changed"',
  'changed vars': 'vars.list.push(1); return "changed"',
  'the function that calls it': '$next(); return "called"',
  'a changed function that calls it': 'globalThis.$next = () => "leaked"; return "changed"',
  'constructors of Intl': 'return code(new Intl.Segmenter().constructor.constructor)',
  'constructors of iterators': 'return code(Object.getPrototypeOf([][Symbol.iterator]()).next.constructor)',
  'species of arrays':
    'class A extends Array { static get [Symbol.species]() { return Function; } } return typeof new A(1).map((x) => x) === "function" ? code(Function) : undefined',
  'a proxy of Function': 'return code(new Proxy(Function, {}))',
  'a bound Function': 'return code(Function.bind(null))',
  'Function through call': 'return Function.prototype.call.call(Function, null, "return process")()',
  'tagged templates': 'return Function`return process```',
  'the Error of an accessor':
    'const e = new Error("x"); const own = Object.getOwnPropertyDescriptor(e, "stack"); return own.get && code(own.get.constructor)',
};

/** Things that come back and are looked at by whoever takes them. */
const RETURNED = {
  'a thrown object that inspects itself':
    'throw { [Symbol.for("nodejs.util.inspect.custom")]: (_, __, inspect) => code(inspect.constructor) }',
  'a thrown proxy': 'throw new Proxy({}, { get(_, key, receiver) { return code(receiver.constructor.constructor); } })',
  'a thrown function': 'throw Object.assign(() => {}, { message: "leaked" })',
  'a message that is no text': 'throw { get message() { return { toString() { throw new Error("twice"); } }; } }',
  'a proxy': 'return new Proxy({}, { get() { throw new Error("looked at"); } })',
  'a toJSON': 'return { toJSON(...given) { return given.map((each) => typeof each); } }',
  'a promise': 'return Promise.resolve(1)',
  'an asynchronous function':
    'return (async () => { throw { [Symbol.for("nodejs.util.inspect.custom")]: (_, __, inspect) => code(inspect.constructor) }; })()',
  'something to be awaited': 'return { then(resolve) { resolve(code(resolve.constructor)); } }',
  'a symbol': 'return Symbol("x")',
  'a function': 'return () => {}',
};

const body = (codes: { [name: string]: string }) => `
const code = (make) => make('return typeof process === "undefined" ? undefined : process')();
globalThis.nothing;
const state = {};
const attempts = [${Object.values(codes).map((text) => `() => { ${text} }`)}];
`;

const context = createRunContext({ trusts: async () => true, pool: createRunContext({}).pool });
const run = async (codes: { [name: string]: string }, end: string) => {
  const rows = Object.keys(codes).map(() => ({ nested: {} }));
  const { payload } = await transformMap.execute(context, {
    payload: { rows, mapper: body(codes) + end, vars: { list: [1] }, onError: 'skip', mapperTimeoutMs: 20_000 },
  });
  return payload;
};

it('lets nothing out', async () => {
  const end =
    'try { const got = attempts[index](); return got === undefined || got === null ? null : String(got).slice(0, 200); } catch { return null; }';
  const { rows, failed } = await run(ATTEMPTS, end);
  const names = Object.keys(ATTEMPTS);
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((_, at) => rows?.[at] !== null).map((name) => [name, rows?.[names.indexOf(name)]])).toEqual([]);
  expect(failed).toBe(0);
});

it('takes nothing back but JSON', async () => {
  const { rows, failures } = await run(RETURNED, 'return attempts[index]();');
  const names = Object.keys(RETURNED);
  const outcome = new Map<string, unknown>(failures?.map(({ index, message }) => [names[index] as string, message]));
  const made = names.filter((name) => !outcome.has(name));
  for (const [at, name] of made.entries()) outcome.set(name, rows?.[at]);
  expect(Object.fromEntries(outcome)).toEqual({
    'a thrown object that inspects itself': 'undefined',
    'a thrown proxy': expect.stringMatching(/unsafe-eval|disallowed|cannot be read/),
    'a thrown function': expect.stringContaining('=>'),
    'a message that is no text': 'it threw something that cannot be read',
    'a proxy': expect.stringContaining('looked at'),
    'a toJSON': ['string'],
    'a promise': expect.stringContaining('promise'),
    'an asynchronous function': expect.stringContaining('promise'),
    'something to be awaited': {},
    'a symbol': expect.stringContaining('nothing that JSON has'),
    'a function': expect.stringContaining('nothing that JSON has'),
  });
});

it.each([
  ['}); globalThis.process.exit(1); (function () {'],
  ['return 1; } function other() {'],
  ['with ({}) {}'],
  ['import fs from "node:fs"'],
  ['await 1'],
])('is a body of a function and nothing else: %s', async (mapper) => {
  await expect(transformMap.execute(context, { payload: { rows: [1], mapper } })).rejects.toMatchObject({ code: 'MAPPER_INVALID' });
});
