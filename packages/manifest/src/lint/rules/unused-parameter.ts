import { quoted } from '@summit/maestro-expressions/text';
import { defineRule } from '../define.ts';

/** Whoever runs the workflow gives a value that changes nothing, and believes that it did. */
export const unusedParameter = defineRule({
  code: 'unused-parameter',
  severity: 'warning',
  yields: true,
  doc: 'a workflow declares a parameter that nothing reads',
  details:
    'A parameter is read as `${params.name}` by a task or by `spec.outputs`. One that is not is either a leftover, or a connection that was forgotten.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: key, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: demo, key: raw.json }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: key, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: demo, key: "\${params.key}" }
`,
  },
  create: ({ session, report }) => ({
    workflow(workflow) {
      if (workflow.parameters.length === 0) return;
      const read = new Set<string>();
      for (const site of session.sites(workflow)) {
        const { refs } = session.analysis(site);
        for (const ref of refs) if (ref.kind === 'param') read.add(ref.name);
      }
      for (const { parameter, name } of workflow.parameters) {
        if (read.has(parameter.name)) continue;
        report(workflow, {
          start: name.start,
          end: name.end,
          message: `nothing reads the parameter ${quoted(parameter.name)}`,
          hint: `read it as \${params.${parameter.name}}, or remove it`,
        });
      }
    },
  }),
});
