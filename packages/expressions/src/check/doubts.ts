import { type AccessNode, type ASTNode, literalKey } from '../ast.ts';
import type { Doubt } from '../types/doubt.ts';
import { alternatives, describeType, type ExprType, typeName } from '../types/type.ts';
import { keyRange } from './keys.ts';
import { textOf, type Walk } from './walk.ts';

/**
 * Reports what works only for some of what an operand can be. `refuses` ends the message: "`+` does not take it".
 */
export function doubt(walk: Walk, operands: readonly { node: ASTNode; type: ExprType }[], refuses: string): Doubt {
  return {
    unknown: walk.unproven,
    partly: (at, member) => {
      const operand = operands[at];
      if (!operand) return;
      const { node, type } = operand;
      const text = textOf(walk, node);
      walk.problem({
        code: 'expression-type',
        message: `\`${text}\` may be ${describeType(member)}: ${refuses}`,
        start: node.start,
        end: node.end,
        hint: guardOf(text, type, member),
      });
    },
  };
}

/** How to keep a value that may be something else away from an operation. */
export function guardOf(text: string, type: ExprType, member: ExprType): string {
  if (member.kind === 'null') return `guard it: \`${text} != null ? ... : ...\``;
  const kept = alternatives(type).find((other) => other !== member && other.kind !== 'null');
  if (kept?.kind === 'list' || kept?.kind === 'object' || kept?.kind === 'map' || !kept)
    return `ask what it is first: \`type(${text}) == ${kept?.kind === 'list' ? 'list' : 'map'} ? ... : ...\``;
  return `ask what it is first: \`type(${text}) == ${typeName({ kind: kept.kind } as ExprType)} ? ... : ...\``;
}

/** Reports a field that is read though it may be absent. */
export function absent(walk: Walk, node: AccessNode): void {
  const whole = textOf(walk, node);
  const { key, start, end } = literalKey(node) ?? { key: '', ...keyRange(node) };
  const optional = `${textOf(walk, node.args[0])}${/^[A-Za-z_]\w*$/.test(key) ? `.?${key}` : `[?${JSON.stringify(key)}]`}`;
  const asked = node.op === '.' ? `has(${whole})` : `${JSON.stringify(key)} in ${textOf(walk, node.args[0])}`;
  walk.problem({
    code: 'expression-type',
    message: `\`${whole}\` may be absent: it is not required`,
    start,
    end,
    hint: `guard it: \`${asked} ? ${whole} : ...\`, or say what to take then: \`${optional}.orValue(...)\``,
  });
}
