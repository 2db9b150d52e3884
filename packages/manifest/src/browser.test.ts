import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { TaskContract } from '@summit/maestro-sdk';
import { type OutputChunk, rolldown } from 'rolldown';
import { beforeAll, expect, it } from 'vitest';
import { compile } from './compile/compile.ts';
import { planDigest } from './compile/digest.ts';
import { parseCatalog } from './parse/catalog.ts';
import type { Plan } from './plan.ts';

const root = new URL('../../../', import.meta.url);
const door = new URL('packages/manifest/dist/bundle.js', root);
const path = 'runbooks/disclosure-packager.yaml';
const text = readFileSync(new URL(path, root), 'utf8');
const contracts = JSON.parse(readFileSync(new URL('packages/manifest/testdata/contracts.json', root), 'utf8')) as TaskContract[];

let chunk: OutputChunk;

beforeAll(async () => {
  // Modules that do not resolve for a browser stay imports, which the first test finds.
  const build = await rolldown({ input: door.pathname, platform: 'browser', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'iife', name: 'maestro', minify: true });
  await build.close();
  expect(output).toHaveLength(1);
  chunk = output[0];
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  process.stdout.write(`browser bundle: ${kilobytes(chunk.code.length)} minified, ${kilobytes(gzipSync(chunk.code).length)} gzipped\n`);
});

it('bundles for a browser with nothing left to import, its dependencies included', () => {
  expect([...chunk.imports, ...chunk.dynamicImports]).toEqual([]);
  const modules = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);
  const named = [...chunk.code.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*[`'"]([^`'"]+)[`'"]/g)].map(
    (match) => match[1] as string,
  );
  expect(named.filter((name) => modules.has(name))).toEqual([]);
  // The layout library belongs to the door for pictures.
  expect(chunk.moduleIds.filter((id) => id.includes('dagre'))).toEqual([]);
  // A package with a browser build must be taken in that one.
  expect(
    chunk.moduleIds.filter((id) => id.includes('/yaml/dist/') || id.includes('/yaml/browser/')).every((id) => id.includes('/browser/')),
  ).toBe(true);
});

it('reads, checks, resolves and compiles a catalog where there is only what a browser has', () => {
  const page = vm.createContext(
    { TextEncoder, TextDecoder, URL, URLSearchParams, crypto, atob, btoa, console, structuredClone, performance },
    { codeGeneration: { strings: false, wasm: false } },
  );
  vm.runInContext('globalThis.window = globalThis.self = globalThis;', page);
  vm.runInContext(`${chunk.code};globalThis.maestro = maestro;`, page);
  const call = (code: string): unknown => JSON.parse(vm.runInContext(`JSON.stringify((() => { ${code} })())`, page) as string);
  Object.assign(page, { given: JSON.stringify({ path, text, contracts }) });
  expect(vm.runInContext('typeof process + typeof Buffer + typeof require', page)).toBe('undefinedundefinedundefined');

  const seen = call(`
    const { path, text, contracts } = JSON.parse(given);
    const { parseCatalog, loadCatalog, lint, resolve, compile, planDigest, formatDiagnostics, evaluateTemplate } = maestro;
    const { catalog } = parseCatalog([{ path, text }]);
    const { plan } = compile(catalog, contracts, 'disclosure-packager');
    const broken = text.replace('disclosure.package@', 'disclosure.pakage@');
    const findings = lint(parseCatalog([{ path, text: broken }]).catalog, contracts);
    return {
      clean: lint(loadCatalog([{ path, text }]), contracts),
      resolved: resolve(catalog, contracts, 'disclosure-packager').workflow.version,
      tasks: plan.tasks.map(({ id, uses }) => id + ': ' + uses.name + '@' + uses.version),
      digest: planDigest(plan),
      found: formatDiagnostics(findings, new Map([[path, broken]]), 'github'),
      value: evaluateTemplate({ $cel: 'sha256("a").startsWith("ca97") && "Zoë".matches("^Z") ? size(params.list) : 0' }, { params: { list: [1, 2] } }),
    };
  `);
  expect(seen).toEqual({
    clean: [],
    resolved: '1.0.0',
    tasks: ['package: ops/disclosure.package@0.1.0'],
    digest: planDigest(compile(parseCatalog([{ path, text }]).catalog, contracts, 'disclosure-packager').plan as Plan),
    found: expect.stringContaining('did you mean "ops/disclosure.package"?'),
    value: 2,
  });
});
