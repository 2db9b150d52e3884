import type { TaskContract } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import { allCalls, allTasks, type Catalog, type Manifest } from '../model/manifest.ts';
import type { Finding, Hooks, Rule } from './define.ts';
import { ordered } from './ordered.ts';
import { rules } from './rules/index.ts';
import { Session, type SessionOptions } from './session.ts';

export interface LintOptions extends SessionOptions {
  /** Codes of the rules to run; default all. What the parser found is returned in any case. */
  rules?: readonly string[];
  /** Paths of the files to look at, those of the others being there for what refers to them; default all. */
  files?: ReadonlySet<string>;
}

/**
 * All that is wrong with a catalog, given the contracts of the installed tasks: what the parser found and what the rules find,
 * sorted by file and place, without duplicates. Task code is not needed and not loaded.
 */
export function lint(catalog: Catalog, contracts: readonly TaskContract[], options: LintOptions = {}): Diagnostic[] {
  const session = new Session(catalog, contracts, options);
  const { files } = options;
  const parsed = catalog.diagnostics.filter(({ file }) => files?.has(file) ?? true);
  const manifests = catalog.manifests.filter(({ file }) => files?.has(file.path) ?? true);
  return ordered(settled([...parsed, ...run(session, manifests, chosen(options))]));
}

function chosen({ rules: codes }: Pick<LintOptions, 'rules'>): readonly Rule[] {
  return codes ? rules.filter((rule) => codes.includes(rule.code)) : rules;
}

/** What is wrong with some manifests of a catalog, and with their files. */
export function lintManifests(session: Session, manifests: readonly Manifest[]): Diagnostic[] {
  const concerned = manifests.flatMap((manifest) => session.manifests.twins(manifest));
  const files = new Set(concerned.map((manifest) => manifest.file.path));
  const parsed = session.catalog.diagnostics.filter((diagnostic) => files.has(diagnostic.file));
  return ordered(settled([...parsed, ...run(session, concerned, rules)]));
}

/** What is wrong with one file of a catalog. */
export function lintFile(session: Session, file: string, options: Pick<LintOptions, 'rules'> = {}): Diagnostic[] {
  const parsed = session.catalog.diagnostics.filter((diagnostic) => diagnostic.file === file);
  const manifests = session.catalog.manifests.filter((manifest) => manifest.file.path === file);
  return ordered(settled([...parsed, ...run(session, manifests, chosen(options))]));
}

const yielding = new Set(rules.flatMap((rule) => (rule.yields ? [rule.code] : [])));

/** Without what may only be the consequence of an error in the same file. */
function settled(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const wrong = new Set(diagnostics.flatMap(({ severity, file }) => (severity === 'error' ? [file] : [])));
  return diagnostics.filter(({ code, file }) => !yielding.has(code) || !wrong.has(file));
}

/** One walk over the manifests for all rules. */
function run(session: Session, manifests: readonly Manifest[], ofRules: readonly Rule[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  session.refill();
  const hooks = ofRules.flatMap(
    (rule) => rule.create?.({ session, report: (manifest, finding) => diagnostics.push(diagnosticOf(rule, manifest, finding)) }) ?? [],
  );
  for (const manifest of manifests) walk(session, manifest, hooks);
  return diagnostics;
}

function walk(session: Session, manifest: Manifest, hooks: Hooks[]): void {
  for (const hook of hooks) {
    if (manifest.kind === 'Runbook') hook.runbook?.(manifest);
    else {
      hook.workflow?.(manifest);
      if (hook.task) for (const task of allTasks(manifest)) hook.task(task, manifest);
      if (hook.call) for (const call of allCalls(manifest)) hook.call(call, manifest);
    }
    if (hook.scalar) for (const site of session.sites(manifest)) hook.scalar(site);
  }
}

function diagnosticOf(rule: Rule, { file }: Manifest, finding: Finding): Diagnostic {
  const { start, end, message, hint, fix, severity = rule.severity } = finding;
  const diagnostic: Diagnostic = { code: rule.code, severity, message, file: file.path, range: file.range(start, end) };
  if (hint !== undefined) diagnostic.hint = hint;
  if (fix) diagnostic.fix = { range: file.range(fix.start, fix.end), newText: fix.newText };
  return diagnostic;
}
