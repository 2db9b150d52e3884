import { defineRule } from '../define.ts';
import { reportProblems } from '../report-problems.ts';

/** The types are known before the run: so is the failure. */
export const expressionType = defineRule({
  code: 'expression-type',
  severity: 'error',
  doc: 'an expression combines values in a way their types do not allow',
  details:
    'Parameters have their declared type, `tasks.x.output` the type that the task declares. Convert explicitly: `string(1)`, `int("1")`.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.bucket * 2}
        key: raw.json
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.bucket + "-2"}
        key: raw.json
`,
  },
  create: (context) => reportProblems(context, 'expression-type'),
});
