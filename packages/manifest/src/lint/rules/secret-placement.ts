import { quoted } from '@summit/maestro-expressions/text';
import { defineRule } from '../define.ts';
import { siteTitle } from '../titles.ts';

/** Anywhere else the text of the secret would end up in a plan, a journal or a log. */
export const secretPlacement = defineRule({
  code: 'secret-placement',
  severity: 'error',
  doc: 'a secret stands where it would be turned into text',
  details:
    '`${secrets.NAME}` may only be a whole value inside the `with` of a task: it travels as a reference and becomes text only inside the worker, while the task executes. It cannot be part of a longer text, of an expression, of outputs, of the bindings of a runbook or of the parameters of a sub-workflow.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: greet, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  tasks:
    - id: notify
      uses: tasks/notify.slack@0.1.0
      with:
        webhook: https://hooks.example.org/\${secrets.SLACK_PATH}
        text: hello
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: greet, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  tasks:
    - id: notify
      uses: tasks/notify.slack@0.1.0
      with:
        webhook: \${secrets.SLACK_WEBHOOK_URL}
        text: hello
`,
  },
  create: ({ session, report }) => ({
    scalar(site) {
      const { value, misplacedSecrets } = session.analysis(site);
      const { start, end } = site.node;
      // A parameter is data that expressions read.
      const parameter = site.call && session.targetOf(site.call)?.kind === 'workflow';
      if (value.kind === 'secret' && (!site.call || parameter)) {
        const where = parameter ? `a parameter of a sub-workflow, in ${siteTitle(site)}` : siteTitle(site);
        const hint = parameter
          ? 'name it in the sub-workflow, in the with of the task that uses it'
          : 'name it in the with of the task that uses it';
        report(site.manifest, { start, end, message: `the secret ${quoted(value.name)} stands in ${where}`, hint });
      }
      for (const span of misplacedSecrets) {
        report(site.manifest, {
          ...span,
          message: `a secret is part of a longer value in ${siteTitle(site)}`,
          hint: 'a secret must be the whole value: ${secrets.NAME}; store the longer text as a secret of its own',
        });
      }
    },
  }),
});
