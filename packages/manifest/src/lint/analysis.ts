import { type Checker, type ExprType, parseScalar, type Reference } from '../expressions/index.ts';
import type { Manifest, Workflow } from '../model/manifest.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';
import { quote } from '../parse/unquoted.ts';
import { quoted } from '../text/words.ts';
import type { Dag } from './dag.ts';
import type { Site } from './site.ts';
import type { Span } from './span.ts';

/** Something wrong with an expression, with its place in the file. */
export interface ExpressionProblem extends Span {
  code: string;
  message: string;
  hint?: string;
  /** Mends it, put in place of the span. */
  replacement?: string;
  /** The span is the scalar with its quotes, not a part of its text. */
  whole?: true;
  /** The task that is read there. */
  task?: string;
}

/** A string with `${` in it, understood. */
export interface Analysis {
  problems: ExpressionProblem[];
  /** What is allowed, but hardly meant. */
  warnings: ExpressionProblem[];
  /** What is read, by all expressions of the string together. */
  refs: Reference[];
  value:
    | { kind: 'literal'; text: string }
    | { kind: 'expression'; type: ExprType; source: string }
    /** Text with expressions in it. */
    | { kind: 'text' }
    | { kind: 'secret'; name: string }
    /** There are problems: it could be anything. */
    | { kind: 'unknown' };
  /** Where secrets are named other than as the whole string. */
  misplacedSecrets: Span[];
}

/** What analysing a string needs to know of its manifest. */
interface Known {
  checkerOf(manifest: Manifest): Checker;
  dag(workflow: Workflow): Dag;
}

export function analyze(site: Site, known: Known): Analysis {
  const parsed = parseScalar(site.node.value);
  const offset = sourceOffsets(site.node);
  const span = (start: number, end: number): Span => {
    const from = offset(start);
    return { start: from, end: Math.max(from, offset(end)) };
  };
  const analysis: Analysis = { problems: [], warnings: [], refs: [], value: { kind: 'unknown' }, misplacedSecrets: [] };
  if ('error' in parsed) {
    const { message, start, end, hint } = parsed.error;
    analysis.problems.push(
      cutByComment(site) ?? { code: 'expression-syntax', message, ...span(start, end), ...(hint === undefined ? {} : { hint }) },
    );
    return analysis;
  }
  const { template, expressions } = parsed;
  if (typeof template === 'string') return { ...analysis, value: { kind: 'literal', text: template } };
  if (isSecret(template)) return { ...analysis, value: { kind: 'secret', name: template.$secret } };
  const [only] = expressions;
  let type: ExprType | undefined;
  for (const { source, start } of expressions) {
    const result = known.checkerOf(site.manifest).check(source);
    analysis.refs.push(...result.refs);
    for (const ref of result.refs) if (ref.kind === 'secret') analysis.misplacedSecrets.push(span(start + ref.start, start + ref.end));
    if (result.ok) {
      type = result.type;
      for (const { start: from, end: to, ...warning } of result.warnings)
        analysis.warnings.push({ ...warning, ...span(start + from, start + to) });
    } else {
      for (const { start: from, end: to, ...problem } of result.problems) {
        if (problem.code !== 'expression-syntax' && isUncertain(site)) continue;
        analysis.problems.push({ ...problem, ...span(start + from, start + to) });
      }
    }
    for (const ref of outOfReach(site, known, result.refs)) {
      const place = span(start + ref.start, start + ref.end);
      analysis.problems.push({
        code: 'not-an-ancestor',
        message: `task ${quoted(ref.name)} may not have run yet`,
        task: ref.name,
        ...place,
      });
    }
  }
  if (analysis.misplacedSecrets.length > 0 || analysis.problems.length > 0 || isUncertain(site)) return analysis;
  if (isWhole(template) && only)
    return type === undefined ? analysis : { ...analysis, value: { kind: 'expression', type, source: only.source } };
  return { ...analysis, value: { kind: 'text' } };
}

/** Reads of tasks that the own task does not wait for, the first of each. Outputs of a workflow read all tasks. */
function outOfReach({ manifest, task }: Site, known: Known, refs: readonly Reference[]): Reference[] {
  if (manifest.kind !== 'Workflow' || !task) return [];
  const dag = known.dag(manifest);
  if (dag.uncertain(task)) return [];
  const ancestors = dag.ancestors(task);
  const reads = refs.filter(({ kind, name }) => kind.startsWith('task-') && dag.ids.has(name));
  return reads.filter(
    (ref, at) => (!ancestors.has(ref.name) || dag.ids.get(ref.name) === task) && reads.findIndex(({ name }) => name === ref.name) === at,
  );
}

/** In a plain scalar YAML takes ` #` for the start of a comment, also in the middle of an expression. */
function cutByComment({ node, manifest }: Site): ExpressionProblem | undefined {
  const { text } = manifest.file;
  const end = text.indexOf('\n', node.end);
  const rest = text.slice(node.end, end === -1 ? undefined : end).trimEnd();
  if (node.style !== 'plain' || !/^[ \t]+#/.test(rest) || !rest.includes('}')) return undefined;
  const whole = quote(text.slice(node.start, node.end) + rest);
  return {
    code: 'expression-syntax',
    message: 'the expression is cut off: YAML takes " #" for the start of a comment',
    start: node.start,
    end: node.end + rest.length,
    hint: `quote the whole value: ${whole}`,
    replacement: whole,
    whole: true,
  };
}

function isSecret(template: unknown): template is { $secret: string } {
  return typeof template === 'object' && template !== null && '$secret' in template;
}

function isWhole(template: unknown): boolean {
  return typeof template === 'object' && template !== null && '$cel' in template;
}

/** Where what may be read is itself wrong, or not supported, nobody can say what is missing. */
function isUncertain({ manifest, task }: Site): boolean {
  if (task?.node.entries.has('forEach')) return true;
  return manifest.kind === 'Runbook' ? !manifest.inputsSound : !manifest.parametersSound || !manifest.idsSound;
}
