import { choices } from '@summit/maestro-expressions/text';
import type { Diagnostic } from '../diagnostic.ts';
import { entry, type MapNode, type Node } from '../parse/node.ts';
import type { Budget } from '../schema/budget.ts';
import { checkValue } from '../schema/check.ts';
import { choiceProblem } from '../schema/choice.ts';
import { found } from '../schema/describe.ts';
import { schemaDiagnostic } from '../schema/place.ts';
import type { SchemaProblem } from '../schema/problem.ts';
import { runbookSchema } from '../schema/runbook-schema.ts';
import { workflowSchema } from '../schema/workflow-schema.ts';
import type { SourceFile } from '../text/source.ts';
import { buildManifest, Faults } from './build.ts';
import { extraProblems } from './extra-checks.ts';
import type { Manifest } from './manifest.ts';
import { subject } from './subject.ts';

const START = 'start with apiVersion: maestro/v1 and kind: Runbook or Workflow';

const schemas = { Runbook: runbookSchema, Workflow: workflowSchema };

/** Reads one document as a manifest; without a kind there is nothing more to say than that. `budget` is for all documents of the file. */
export function readManifest(file: SourceFile, root: Node, budget: Budget): { manifest?: Manifest; diagnostics: Diagnostic[] } {
  const kind = kindOf(root);
  if (typeof kind !== 'string') return { diagnostics: [report(file, root, 'document', kind)] };
  const problems = checkValue(schemas[kind], root, { noun: 'field', trustedPatterns: true });
  const faults = new Faults(problems);
  const manifest = buildManifest(kind, file, root as MapNode, faults);
  const extra = extraProblems(manifest, faults, budget);
  if (extra.length > 0) manifest.sound = false;
  return { manifest, diagnostics: [...problems, ...extra].map((problem) => report(file, root, kind, problem)) };
}

function kindOf(root: Node): Manifest['kind'] | SchemaProblem {
  if (root.kind !== 'map') {
    const text = `must be a mapping with apiVersion, kind, metadata and spec, found ${found(root)}`;
    return { kind: 'type', node: root, path: [], text, hint: START };
  }
  const missing = ['apiVersion', 'kind'].filter((name) => !root.entries.has(name));
  if (missing.length > 0) {
    const text = `is not a manifest: it lacks ${choices(missing, 'and')}`;
    return { kind: 'missing', node: root, path: [], text, hint: START };
  }
  const version = (entry(root, 'apiVersion') as { value: Node }).value;
  if (version.kind !== 'scalar' || version.value !== 'maestro/v1') {
    const text = `must be "maestro/v1", found ${found(version)}`;
    return { kind: 'value', node: version, path: ['apiVersion'], text, hint: 'this version of maestro reads maestro/v1 only' };
  }
  const kind = (entry(root, 'kind') as { value: Node }).value;
  if (kind.kind === 'scalar' && (kind.value === 'Runbook' || kind.value === 'Workflow')) return kind.value;
  return choiceProblem(kind, ['kind'], ['Runbook', 'Workflow']);
}

function report(file: SourceFile, root: Node, kind: string, problem: SchemaProblem): Diagnostic {
  const message = `${subject(root, kind, problem.path)} ${problem.text}`;
  return schemaDiagnostic('manifest-schema', file, root, { ...problem, hint: problem.hint ?? 'change the value' }, message);
}
