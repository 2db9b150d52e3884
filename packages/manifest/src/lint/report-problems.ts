import type { ScalarStyle } from '../parse/node.ts';
import type { ExpressionProblem } from './analysis.ts';
import type { Finding, Hooks, RuleContext } from './define.ts';
import { rowProblems } from './row-expressions.ts';
import { callTitle, siteTitle } from './titles.ts';

/** The hooks of the rules about expressions, those of manifests and those that tasks evaluate for each row: each tells the problems of its own code. */
export function reportProblems({ session, report }: RuleContext, code: string): Hooks {
  return {
    scalar(site) {
      const { problems, warnings } = session.analysis(site);
      for (const problem of [...problems, ...warnings]) {
        if (problem.code !== code) continue;
        const severity = warnings.includes(problem) ? 'warning' : 'error';
        report(site.manifest, { severity, ...finding(problem, siteTitle(site), site.node.style) });
      }
    },
    call(call, workflow) {
      for (const problem of rowProblems(session, call, workflow)) {
        if (problem.code === code) report(workflow, finding(problem, callTitle(call), problem.node.style));
      }
    },
  };
}

function finding({ start, end, message, hint, replacement, whole }: ExpressionProblem, title: string, style: ScalarStyle): Finding {
  const newText = replacement === undefined || whole ? replacement : written(style, replacement);
  return {
    start,
    end,
    message: `${title}: ${message}`,
    hint:
      hint ??
      (replacement === undefined ? undefined : `write ${replacement}`) ??
      'expressions are written in CEL: https://github.com/google/cel-spec',
    fix: newText === undefined ? undefined : { start, end, newText },
  };
}

/** A piece of text as it is written inside a scalar of a style; `undefined` where it cannot be. */
function written(style: ScalarStyle, text: string): string | undefined {
  if (text.includes('\n')) return undefined;
  if (style === 'double') return text.replace(/["\\]/g, '\\$&');
  if (style === 'single') return text.replaceAll("'", "''");
  return style === 'plain' && /: | #/.test(text) ? undefined : text;
}
