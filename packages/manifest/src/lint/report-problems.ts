import type { ScalarStyle } from '../parse/node.ts';
import type { Hooks, RuleContext } from './define.ts';
import { siteTitle } from './titles.ts';

/** The hook of the rules about expressions: each tells the problems of its own code. */
export function reportProblems({ session, report }: RuleContext, code: string): Hooks {
  return {
    scalar(site) {
      const { problems, warnings } = session.analysis(site);
      for (const problem of [...problems, ...warnings]) {
        if (problem.code !== code) continue;
        const { start, end, message, replacement } = problem;
        const hint =
          problem.hint ??
          (replacement === undefined ? undefined : `write ${replacement}`) ??
          'expressions are written in CEL: https://github.com/google/cel-spec';
        const newText = replacement === undefined || problem.whole ? replacement : written(site.node.style, replacement);
        report(site.manifest, {
          severity: warnings.includes(problem) ? 'warning' : 'error',
          start,
          end,
          message: `${siteTitle(site)}: ${message}`,
          hint,
          fix: newText === undefined ? undefined : { start, end, newText },
        });
      }
    },
  };
}

/** A piece of text as it is written inside a scalar of a style; `undefined` where it cannot be. */
function written(style: ScalarStyle, text: string): string | undefined {
  if (text.includes('\n')) return undefined;
  if (style === 'double') return text.replace(/["\\]/g, '\\$&');
  if (style === 'single') return text.replaceAll("'", "''");
  return style === 'plain' && /: | #/.test(text) ? undefined : text;
}
