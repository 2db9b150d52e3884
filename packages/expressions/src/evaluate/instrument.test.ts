import type { ASTNode } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { environment } from '../environment.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { inside, type Overlay } from './inside.ts';
import { instrument } from './instrument.ts';

interface Expanded {
  args: { iterCtx: Overlay };
}

describe('what is known of cel-js from inside', () => {
  const parse = (source: string) => environment(DEFAULT_LIMITS).parse(source);

  it.each([
    ['1 + 1', '+'],
    ['params.a', '.'],
    ['[1]', 'list'],
    ['size("a")', 'call'],
    ['"a".trim()', 'rcall'],
  ])('%s has an evaluator that can be replaced', (source, op) => {
    const parsed = parse(source);
    const node = inside(parsed.ast);
    expect(parsed.ast.op).toBe(op);
    expect(node.meta.evaluate).toBeTypeOf('function');
    node.setMeta('evaluate', () => 'replaced');
    expect(parsed()).toBe('replaced');
  });

  it('operations and calls have what applies them once they are checked', () => {
    for (const source of ['1 - 1', '1 < 2', 'size("a")', '"a".trim()']) {
      const parsed = parse(source);
      expect(parsed.check().valid).toBe(true);
      expect(inside(parsed.ast).handle).toBeTypeOf('function');
    }
  });

  it('a comprehension is an alternate whose scope can be let go of', () => {
    const parsed = parse('params.rows.map(row, row.id + params.suffix)');
    const release = instrument(parsed.ast);
    expect([...parsed({ params: { rows: [{ id: 'a' }], suffix: 'b' } })]).toEqual(['ab']);
    const alternate = inside(parsed.ast).meta.alternate as ASTNode & Expanded;
    expect(alternate.args.iterCtx.iterValue).toEqual({ id: 'a' });
    release?.();
    expect(alternate.args.iterCtx.iterValue).toBeUndefined();
    expect(alternate.args.iterCtx.accuValue).toBeUndefined();
    expect([...parsed({ params: { rows: [{ id: 'c' }], suffix: 'd' } })]).toEqual(['cd']);
  });

  it('`cel.bind` is a macro whose scope can be let go of', () => {
    const parsed = parse('cel.bind(row, params.row, row.id + "x")');
    const release = instrument(parsed.ast);
    expect(parsed({ params: { row: { id: 'a' } } })).toBe('ax');
    const bound = inside(parsed.ast).meta.macro?.bindCtx;
    expect(bound?.iterValue).toEqual({ id: 'a' });
    release?.();
    expect(bound?.iterValue).toBeUndefined();
    expect(parsed({ params: { row: { id: 'b' } } })).toBe('bx');
  });

  it('an expression without a loop keeps nothing', () => {
    expect(instrument(parse('params.a + 1').ast)).toBeUndefined();
  });
});
