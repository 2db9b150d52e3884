import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Plan, PlanTask } from '@summit/maestro-manifest';
import { graphSvg } from '@summit/maestro-manifest/svg';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8'));
const contracts = read('contracts.json') as TaskContract[];
const every = read('every-construct.plan.json') as Plan;

interface Element {
  tag: string;
  /** Of the element around it. */
  parent: string;
  text: string;
  [attribute: string]: string;
}

const PARSER = `
import json, sys, xml.etree.ElementTree as tree
def walk(element, parent, out):
    tag = element.tag.split('}')[1]
    out.append({**element.attrib, 'tag': tag, 'text': element.text or '', 'parent': parent})
    for child in element: walk(child, element.get('class', ''), out)
    return out
json.dump([walk(tree.fromstring(document), '', []) for document in json.load(sys.stdin)], sys.stdout)
`;

/** What a real XML parser makes of documents. */
function parsed(documents: string[]): Element[][] {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', PARSER], {
    input: JSON.stringify(documents),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PYTHONIOENCODING: 'utf8' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Element[][];
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  /** A sub-workflow: other boxes lie in it. */
  outer: boolean;
}

function boxesOf(elements: Element[]): Box[] {
  return elements
    .filter((element) => element.class === 'box' && element.height !== '14' && element.tag === 'rect')
    .map(({ x, y, width, height, parent }) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
      outer: parent === 'workflow',
    }));
}

/** Whether two boxes share more than a border. */
function overlap(a: Box, b: Box): boolean {
  return a.x + a.width > b.x + 0.1 && b.x + b.width > a.x + 0.1 && a.y + a.height > b.y + 0.1 && b.y + b.height > a.y + 0.1;
}

function inside(a: Box, b: Box): boolean {
  return a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
}

/** Points along a path of lines and cubic curves. */
function along(path: string): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  let last = { x: 0, y: 0 };
  for (const [, command, numbers = ''] of path.matchAll(/([MLC])([^MLC]*)/g)) {
    const values = numbers.trim().split(/[ ,]+/).map(Number);
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = values;
    const end = { x: values.at(-2) ?? 0, y: values.at(-1) ?? 0 };
    for (let step = 1; step <= 24 && command !== 'M'; step++) {
      const t = step / 24;
      const u = 1 - t;
      const mix = (a: number, b: number, c: number, d: number) => u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t ** 3 * d;
      points.push(
        command === 'C'
          ? { x: mix(last.x, x1, x2, end.x), y: mix(last.y, y1, y2, end.y) }
          : { x: last.x + (end.x - last.x) * t, y: last.y + (end.y - last.y) * t },
      );
    }
    last = end;
  }
  return points;
}

const task = (id: string, needs: string[] = [], more: Partial<PlanTask> = {}): PlanTask => ({
  id,
  uses: { name: 'connectors/s3.get', version: '0.1.0', digest: '' },
  needs,
  with: {},
  ...more,
});
const plan = (tasks: PlanTask[], more: Partial<Plan> = {}): Plan => ({
  apiVersion: 'maestro/v1',
  kind: 'Plan',
  workflow: { name: 'w', version: '1.0.0' },
  inputs: [],
  bindings: {},
  parameters: [],
  tasks,
  outputs: {},
  ...more,
});

/** Plans with sub-workflows, hooks and names of every length. */
const plans = fc
  .array(
    fc.record({
      name: fc.constantFrom('a', 'load', 'wait-for-the-night', 'n'.repeat(200), '<a href="x">&'),
      needs: fc.array(fc.nat(), { maxLength: 3 }),
      when: fc.option(fc.constantFrom('true', 'params.a < 1 && "\u0007" == "]]>"', '界'.repeat(80)), { freq: 4 }),
      inner: fc.nat(9).map((number) => number === 0),
    }),
    { minLength: 1, maxLength: 40, size: 'max' },
  )
  .map((records): Plan => {
    const ids = records.map(({ name }, at) => `${name}-${at}`);
    const tasks = records.map(({ needs, when, inner }, at) =>
      task(ids[at] as string, at === 0 ? [] : [...new Set(needs.map((need) => ids[need % at] as string))], {
        ...(when === null ? {} : { when: { $cel: when } }),
        ...(inner ? { uses: { name: 'workflows/ingest', version: '1.0.0', digest: '' } } : {}),
      }),
    );
    return plan(tasks, {
      workflows: every.workflows ?? {},
      ...(tasks.length % 3 === 0 ? { finally: [task('last')], approvals: every.approvals as NonNullable<Plan['approvals']> } : {}),
    });
  });

describe('graphSvg', () => {
  const drawn = graphSvg(every, contracts);

  it('is a document of its own, with a title and a description, in light and dark', () => {
    const [elements = []] = parsed([drawn]);
    expect(elements[0]).toMatchObject({ tag: 'svg', role: 'img', 'aria-labelledby': 'maestro-title maestro-desc' });
    const of = (tag: string) => elements.filter((element) => element.tag === tag).map(({ text }) => text);
    expect(of('title')[0]).toBe('ship@2.1.0');
    expect(of('desc')[0]).toBe(
      'Starts after approval: 1 of ombuds, legal. Stage 1: fetch, gate. Stage 2: ingest. Stage 3: tell. On failure: alarm. At last: cool, log.',
    );
    expect(drawn).toContain('@media (prefers-color-scheme: dark)');
    expect(drawn).not.toMatch(/<script|href|url\((?!#)|@import/);
  });

  it('says everything of a task, and what the shapes mean', () => {
    const [elements = []] = parsed([drawn]);
    const texts = elements.filter(({ tag }) => tag === 'text').map(({ text }) => text);
    const labels = ['fetch', 'gate', 'ingest', 'check', 'send', 'tell', 'alarm', 'cool', 'log', 'on failure', 'at last, however it ended'];
    expect(texts).toEqual(expect.arrayContaining([...labels, 'connectors/sig.ingest@0.1.0, write', 'undone by tasks/notify.slack@0.1.0']));
    expect(texts).toEqual(expect.arrayContaining(['for each of params.keys, 4 at once', 'no effect', 'reads', 'writes', 'on a condition']));
    expect(elements.filter((element) => element.class === 'arrow dashed' && element['marker-end'])).toHaveLength(2);
    const tooltips = elements.filter(({ tag }) => tag === 'title').map(({ text }) => text);
    expect(tooltips.some((text) => text.includes('when ${params.notify && size(tasks.ingest.output.receipts) > 0}'))).toBe(true);
  });

  it('keeps boxes apart, arrows off boxes and every name in the picture, whatever the plan', () => {
    const samples = fc.sample(plans, { seed: 20, numRuns: 40 });
    const documents = samples.map((one) => graphSvg(one, contracts));
    const wrong: string[] = [];
    for (const [at, elements] of parsed(documents).entries()) {
      const boxes = boxesOf(elements);
      for (const [index, a] of boxes.entries())
        for (const b of boxes.slice(index + 1))
          if (overlap(a, b) && !(b.outer && inside(a, b)) && !(a.outer && inside(b, a)))
            wrong.push(`boxes ${JSON.stringify([a, b])} in ${at}`);
      const leaves = boxes
        .filter((box) => !box.outer)
        .map(({ x, y, width, height }) => ({ x: x + 1, y: y + 1, right: x + width - 1, bottom: y + height - 1 }));
      for (const { d = '' } of elements.filter((element) => element.class?.startsWith('arrow') && element['marker-end']))
        if (along(d).some(({ x, y }) => leaves.some((box) => x > box.x && x < box.right && y > box.y && y < box.bottom)))
          wrong.push(`arrow ${d} in ${at}`);
      const tooltips = new Set(elements.filter(({ tag, text }) => tag === 'title' && text !== '').map(({ text }) => text.split('\n')[0]));
      for (const { id } of samples[at]?.tasks ?? []) if (!tooltips.has(id)) wrong.push(`no ${id} in ${at}`);
      const [root] = elements;
      const picture = { x: 0, y: 0, width: Number(root?.width), height: Number(root?.height), outer: true };
      for (const box of boxes) if (!inside(box, picture)) wrong.push(`${JSON.stringify(box)} is not in the picture ${at}`);
    }
    expect(wrong).toEqual([]);
  });

  it('shortens a long name, and escapes what is markup or no character of XML', () => {
    const odd = plan([task(`${'a'.repeat(150)}${'z'.repeat(50)}`), task('<b>&"\u0000\ud800')]);
    const [elements = []] = parsed([graphSvg(odd)]);
    const texts = elements.filter((element) => element.tag === 'text' && element.class === 'title').map(({ text }) => text);
    expect(texts).toEqual(['w@1.0.0', `${'a'.repeat(28)}…${'z'.repeat(15)}`, '<b>&"\ufffd\ufffd']);
  });

  it('draws the same plan the same, 50 tasks within a page, an empty workflow as such', () => {
    expect(graphSvg(structuredClone(every), contracts)).toBe(drawn);
    const fifty = plan(
      Array.from({ length: 50 }, (_, at) =>
        task(`task-${at}`, at < 5 ? [] : [`task-${at - 5}`, ...(at % 3 === 0 ? [`task-${at - 4}`] : [])]),
      ),
    );
    const [[root] = []] = parsed([graphSvg(fifty, contracts)]);
    expect(Number(root?.width)).toBeLessThan(2_500);
    expect(Number(root?.height)).toBeLessThan(2_500);
    const [empty = []] = parsed([graphSvg(plan([]))]);
    expect(empty.filter(({ tag }) => tag === 'text').map(({ text }) => text)).toEqual(['w@1.0.0', 'no tasks']);
  });

  it('refuses a cycle, and more than a picture can show', () => {
    expect(() => graphSvg(plan([task('a', ['b']), task('b', ['a'])]))).toThrow('the tasks need each other: a -> b -> a');
    const many = plan(Array.from({ length: 1_001 }, (_, at) => task(`t${at}`)));
    expect(() => graphSvg(many)).toThrow(expect.objectContaining({ code: 'PLAN_TOO_LARGE' }));
  });
});
