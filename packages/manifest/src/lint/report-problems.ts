import type { Hooks, RuleContext } from './define.ts';
import { siteTitle } from './titles.ts';

/** The hook of the rules about expressions: each tells the problems of its own code. */
export function reportProblems({ session, report }: RuleContext, code: string): Hooks {
  return {
    scalar(site) {
      for (const problem of session.analysis(site).problems) {
        if (problem.code !== code) continue;
        const { start, end, message, replacement } = problem;
        const hint =
          problem.hint ??
          (replacement === undefined ? undefined : `write ${replacement}`) ??
          'expressions are written in CEL: https://github.com/google/cel-spec';
        const fix = replacement === undefined ? undefined : { start, end, newText: replacement };
        report(site.manifest, {
          start,
          end,
          message: `${siteTitle(site)}: ${message}`,
          hint,
          fix: problem.whole || isPlain(site.node.style, replacement) ? fix : undefined,
        });
      }
    },
  };
}

/** Whether the text can be put into a scalar of this style as it is. */
function isPlain(style: string, text: string | undefined): boolean {
  if (text === undefined) return false;
  if (style === 'double') return !/["\\\n]/.test(text);
  if (style === 'single') return !/['\n]/.test(text);
  return !/: | #|\n/.test(text);
}
