import { defineRule } from '../define.ts';
import { reportProblems } from '../report-problems.ts';

/** A parameter nobody can give: the expression would fail in the middle of the run. */
export const undeclaredParameter = defineRule({
  code: 'undeclared-parameter',
  severity: 'error',
  doc: 'an expression reads a parameter that the workflow does not declare',
  details:
    'Everything behind `params.` is declared under `spec.parameters` of the same workflow, with its type. Names that look alike are suggested.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: source_bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: "\${params.source_buckt}", key: raw.json }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: source_bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: "\${params.source_bucket}", key: raw.json }
`,
  },
  create: (context) => reportProblems(context, 'undeclared-parameter'),
});
