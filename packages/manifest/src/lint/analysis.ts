import { alternatives, type Checker, describeType, type ExprType, type Reference, STRING } from '@summit/maestro-expressions';
import { cut, quoted } from '@summit/maestro-expressions/text';
import { parseScalar } from '../expressions/scalar.ts';
import type { Workflow } from '../model/manifest.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';
import { quote } from '../parse/unquoted.ts';
import { conditionSource } from './condition.ts';
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
    /** `mayBeAbsent`: the field is left out then. */
    | { kind: 'expression'; type: ExprType; source: string; mayBeAbsent?: true }
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
  checkerAt(site: Site): Checker;
  dag(workflow: Workflow): Dag;
  missingOutput(site: Site, id: string): string | undefined;
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
  // What a task is given is only looked at where its `when` holds.
  const given = site.task && site.place !== 'when' ? conditionSource(site.task) : undefined;
  let type: ExprType | undefined;
  for (const { source, start } of expressions) {
    const result = known
      .checkerAt(site)
      .check(source, { given, mayBeAbsent: site.call !== undefined && site.field === true && isWhole(template) });
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
    if (result.ok && !isUncertain(site) && analysis.problems.length === 0) {
      if (!isWhole(template) && alternatives(result.type).some(({ kind }) => kind === 'null'))
        analysis.problems.push({ ...nullInText(source), ...span(start, start + source.length) });
      for (const { name, why, start: from, end: to } of unguarded(site, known, result.refs)) {
        analysis.problems.push({
          code: 'expression-type',
          message: `the output of task ${quoted(name)} may not be there: ${why}`,
          ...span(start + from, start + to),
          hint: `guard it: \${has(tasks.${name}.output) ? ... : ...}, or run the task only when: \${tasks.${name}.status == "succeeded"}`,
        });
      }
    }
  }
  const unfit =
    analysis.problems.length > 0 ? undefined : unfitFor(site, isWhole(template) ? type : STRING, span(0, site.node.value.length));
  if (unfit) analysis.problems.push(unfit);
  if (analysis.misplacedSecrets.length > 0 || analysis.problems.length > 0 || isUncertain(site)) return analysis;
  if (isWhole(template) && only) return type === undefined ? analysis : { ...analysis, value: expressionValue(type, only.source) };
  return { ...analysis, value: { kind: 'text' } };
}

/** What a string is that is one expression: where that is optional, the field that it stands for may be left out. */
function expressionValue(type: ExprType, source: string): Analysis['value'] {
  return type.kind === 'optional'
    ? { kind: 'expression', type: type.value, source, mayBeAbsent: true }
    : { kind: 'expression', type, source };
}

/** In a longer text there is nothing to write for null. */
function nullInText(source: string): Pick<ExpressionProblem, 'code' | 'message' | 'hint'> {
  const shown = cut(source, 60);
  return {
    code: 'expression-type',
    message: `\`${shown}\` may be null, which cannot become part of a text`,
    hint: `say what to write then: \`${shown} == null ? "none" : ${shown}\``,
  };
}

/** Reads of tasks that the own task does not wait for, the first of each. Outputs of a workflow and hooks read all tasks. */
function outOfReach({ manifest, task, place }: Site, known: Known, refs: readonly Reference[]): Reference[] {
  if (manifest.kind !== 'Workflow' || !task) return [];
  const dag = known.dag(manifest);
  if (dag.uncertain(task)) return [];
  const reaches = (id: string): boolean => {
    const other = dag.ids.get(id);
    if (!other || other === task) return !other || place === 'compensate';
    if (task.list !== 'tasks' && other.list === 'tasks') return true;
    // What is needed directly is read most; all ancestors cost more.
    return (other.list === task.list && task.needs.some((need) => need.value === id)) || dag.ancestors(task).has(id);
  };
  return firstOfEach(refs.filter(({ kind, name }) => kind.startsWith('task-') && !reaches(name)));
}

/** Outputs that may not be there, the first read of each task. */
function unguarded(site: Site, known: Known, refs: readonly Reference[]): (Reference & { why: string })[] {
  return firstOfEach(refs.filter(({ kind, guarded }) => kind === 'task-output' && !guarded)).flatMap((ref) => {
    const why = known.missingOutput(site, ref.name);
    return why === undefined ? [] : [{ ...ref, why }];
  });
}

function firstOfEach(refs: readonly Reference[]): Reference[] {
  return refs.filter((ref, at) => refs.findIndex(({ name }) => name === ref.name) === at);
}

/** A condition has to be true or false, and `forEach` needs a list. */
function unfitFor({ place, task, node }: Site, type: ExprType | undefined, span: Span): ExpressionProblem | undefined {
  if (type === undefined || (place !== 'when' && place !== 'forEach')) return undefined;
  const wanted = place === 'when' ? 'bool' : 'list';
  // A literal list has items of any type; its strings are values of their own.
  if (place === 'forEach' && node !== task?.forEach?.in) return undefined;
  if (alternatives(type).every(({ kind }) => kind === wanted || kind === 'dyn')) return undefined;
  return {
    code: 'expression-type',
    message:
      place === 'when'
        ? `a condition must be true or false, found ${describeType(type)}`
        : `forEach goes over a list, found ${describeType(type)}`,
    ...span,
    hint:
      place === 'when'
        ? 'compare it with something: ${a == b}'
        : 'name a list: ${params.files}; the fields of an object are a list, too: ${obj.map(name, obj[name])}',
  };
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

/** Where what may be read is itself wrong, nobody can say what is missing. */
function isUncertain({ manifest }: Site): boolean {
  return manifest.kind === 'Runbook' ? !manifest.inputsSound : !manifest.parametersSound || !manifest.idsSound;
}
