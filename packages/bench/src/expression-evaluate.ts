import { Environment } from '@marcbachmann/cel-js';
import { compileExpression, type EvaluationScope } from '@summit/maestro-manifest';
import { compareInterleaved, type Figure, median } from './figure.ts';

/** Kinds of expressions as runbooks have them. The figure is that of all together; each on its own is in the note. */
const KINDS: { [kind: string]: string } = {
  name: 'item',
  'field path': 'params.source.bucket',
  'element of a list': 'params.rows[3].id',
  comparison: 'params.count > 10 && params.env == "prod"',
  arithmetic: 'params.count * 2 + 1',
  text: '"s3://" + params.source.bucket + "/" + params.source.key',
  condition: 'params.dry ? "preview" : params.env',
  presence: 'has(params.source.version) ? params.source.version : "latest"',
  membership: 'params.env in ["staging", "prod"]',
  size: 'size(params.rows)',
  method: 'params.source.key.endsWith(".json")',
  conversion: 'string(params.count)',
  'list literal': '[params.env, params.source.bucket, "x"]',
  'map literal': '{"bucket": params.source.bucket, "env": params.env, "rows": params.rows}',
  'arithmetic in a map': '{"next": params.count + 1, "half": params.count / 2}',
  map: 'params.rows.map(r, r.id)',
  'map with an operation': 'params.rows.map(r, r.id + "-" + params.env)',
  filter: 'params.rows.filter(r, r.size > 10)',
  exists: 'params.rows.exists(r, r.id == "row-19")',
  matches: 'params.source.key.matches("^data/[a-z]+/[0-9]+[.]json$")',
};

/** Regular expressions run on an engine that takes linear time, and in JavaScript: they are not compared with the platform's own. */
const APART = ['matches'];

const ROWS = 20;
/** Integers as a reader of JSON has them, or as cel-js wants them. */
const data = (int: (value: number) => number | bigint): EvaluationScope => ({
  item: 'a',
  params: {
    count: int(12),
    env: 'prod',
    dry: false,
    source: { bucket: 'telemetry', key: 'data/raw/20260131.json' },
    rows: Array.from({ length: ROWS }, (_, i) => ({ id: `row-${i}`, size: int(i) })),
  },
});

/** Our evaluation of compiled expressions against cel-js, called directly on data that is ready for it. */
export async function expressionEvaluate(): Promise<Figure[]> {
  const env = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
  const [json, ready] = [data(Number), data(BigInt)];
  const pairs = Object.entries(KINDS).map(([kind, source]) => {
    const compiled = compileExpression(source);
    const direct = env.parse(source);
    return { kind, ours: () => compiled.evaluate(json), other: () => direct(ready as { [name: string]: unknown }) };
  });
  const mix = pairs.filter(({ kind }) => !APART.includes(kind));
  const all = await compareInterleaved({
    figure: `evaluating ${mix.length} kinds of expressions in turn`,
    unit: 'expressions/s',
    ours: () => rate(mix.map(({ ours }) => ours)),
    other: () => rate(mix.map(({ other }) => other)),
    otherName: 'cel-js directly',
    must: 0.8,
    better: 'higher',
    rounds: 15,
  });
  const each: string[] = [];
  for (const { kind, ours, other } of pairs) {
    const ratios: number[] = [];
    for (let round = 0; round < 10; round++) {
      const [first, second] = round % 2 === 0 ? [ours, other] : [other, ours];
      const [a, b] = [rate([first]), rate([second])];
      // The first rounds warm up.
      if (round >= 3) ratios.push(round % 2 === 0 ? a / b : b / a);
    }
    each.push(`${kind} ${median(ratios).toFixed(2)}${APART.includes(kind) ? ' (RE2 in JavaScript; not in the mix)' : ''}`);
  }
  return [{ ...all, note: each.join(', ') }];
}

/** Evaluations per second of all of these in turn, over some 10 ms. */
function rate(evaluations: readonly (() => unknown)[]): number {
  let done = 0;
  const begin = performance.now();
  let elapsed = 0;
  while (elapsed < 10) {
    for (let i = 0; i < 100; i++) for (const evaluate of evaluations) evaluate();
    done += 100 * evaluations.length;
    elapsed = performance.now() - begin;
  }
  return (done / elapsed) * 1_000;
}
