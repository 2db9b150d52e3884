import { alternatives, type Checker, checkerOf, DYN, describeType, type ExprType, type Field, rowScope } from '@summit/maestro-expressions';
import { parseScalar } from '../expressions/scalar.ts';
import type { CallView, Workflow } from '../model/manifest.ts';
import type { Node, StringNode } from '../parse/node.ts';
import { sourceOffsets } from '../parse/scalar-map.ts';
import type { ExpressionProblem } from './analysis.ts';
import type { Session } from './session.ts';

/** Something wrong with an expression over rows, and the string that it is. */
export interface RowProblem extends ExpressionProblem {
  node: StringNode;
}

const known = new WeakMap<Session, WeakMap<CallView, RowProblem[]>>();

/**
 * What is wrong with the expressions that a call hands over to its task for each row: every string without `${}` in a field that the task
 * declares as `contentMediaType: text/cel` (`text/cel; type=bool` for a condition). They read `row`, `index` and `vars`, the field of that name
 * beside them.
 */
export function rowProblems(session: Session, call: CallView, workflow: Workflow): readonly RowProblem[] {
  let ofSession = known.get(session);
  if (!ofSession) {
    ofSession = new WeakMap();
    known.set(session, ofSession);
  }
  let problems = ofSession.get(call);
  if (!problems) {
    problems = find(session, call, workflow);
    ofSession.set(call, problems);
  }
  return problems;
}

function find(session: Session, call: CallView, workflow: Workflow): RowProblem[] {
  const fields = expressionFields(session, call);
  if (fields.length === 0) return [];
  const checker = checkerOf(rowScope({ row: rowType(session, call, workflow), vars: varsType(session, call, workflow) }));
  return fields.flatMap(({ value, condition }) =>
    expressionsIn(value).flatMap(({ node, mayBeAbsent }) => problemsOf(checker, node, mayBeAbsent, condition)),
  );
}

function expressionFields(session: Session, call: CallView): { value: Node; condition: boolean }[] {
  const properties = (session.inputSchema(call)?.properties ?? {}) as { [name: string]: { contentMediaType?: unknown } };
  return [...(call.with?.entries ?? [])].flatMap(([name, { value }]) => {
    const media = Object.hasOwn(properties, name) ? String(properties[name]?.contentMediaType) : '';
    return /^text\/cel\s*(?:;|$)/.test(media) ? [{ value, condition: /;\s*type=bool\s*$/.test(media) }] : [];
  });
}

/** The strings at and below a node that reach the task as they are. */
function expressionsIn(root: Node): { node: StringNode; mayBeAbsent: boolean }[] {
  const found: { node: StringNode; mayBeAbsent: boolean }[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, mayBeAbsent: boolean): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'seq') for (const item of node.items) visit(item, false);
    else if (node.kind === 'map') for (const { value } of node.entries.values()) visit(value, true);
    else if (typeof node.value === 'string' && literal(node.value)) found.push({ node: node as StringNode, mayBeAbsent });
  };
  visit(root, false);
  return found;
}

/** Whether a text is handed over as it stands there. */
function literal(text: string): boolean {
  if (!text.includes('${')) return true;
  const parsed = parseScalar(text);
  return 'template' in parsed && parsed.template === text;
}

function problemsOf(checker: Checker, node: StringNode, mayBeAbsent: boolean, condition: boolean): RowProblem[] {
  const offset = sourceOffsets(node);
  const placed = (problem: ExpressionProblem): RowProblem => ({
    ...problem,
    node,
    start: offset(problem.start),
    end: offset(problem.end),
  });
  const result = checker.check(node.value, { mayBeAbsent });
  if (!result.ok) return result.problems.map(placed);
  if (!condition || alternatives(result.type).every(({ kind }) => kind === 'bool' || kind === 'dyn')) return [];
  const message = `a condition must be true or false, found ${describeType(result.type)}`;
  return [placed({ code: 'expression-type', message, start: 0, end: node.value.length, hint: 'compare it with something: row.a == "b"' })];
}

/** What is known of a row: the element of the list that `rows` is. */
function rowType(session: Session, call: CallView, workflow: Workflow): ExprType {
  const rows = call.with?.entries.get('rows')?.value;
  const analysis = rows && session.analysisAt(workflow, call, rows);
  if (analysis?.value.kind !== 'expression') return DYN;
  const { type } = analysis.value;
  return type.kind === 'list' ? type.element : DYN;
}

/** What is known of `vars`: its names, where they are written out. */
function varsType(session: Session, call: CallView, workflow: Workflow): ExprType | undefined {
  const vars = call.with?.entries.get('vars')?.value;
  if (vars !== undefined && vars.kind !== 'map') return undefined;
  const fields = new Map<string, Field>();
  for (const [name, { value }] of vars?.entries ?? []) {
    const analysis = session.analysisAt(workflow, call, value);
    const mayBeAbsent = analysis?.value.kind === 'expression' && analysis.value.mayBeAbsent === true;
    fields.set(name, { type: DYN, required: !mayBeAbsent });
  }
  return { kind: 'object', fields };
}
