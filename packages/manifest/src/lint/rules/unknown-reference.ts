import { defineRule } from '../define.ts';
import { reportProblems } from '../report-problems.ts';

/** A misspelt name would end the run at the task that reads it. */
export const unknownReference = defineRule({
  code: 'unknown-reference',
  severity: 'error',
  doc: 'an expression reads something that does not exist',
  details:
    'A workflow reads `params`, `tasks` and `run`; the bindings of a runbook read `inputs`. Names and fields are those declared by the parameters and by the output schemas of the tasks.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.buckte}
        key: raw.json
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  parameters: [{ name: bucket, type: string, required: true }]
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with:
        bucket: \${params.bucket}
        key: raw.json
`,
  },
  create: (context) => reportProblems(context, 'unknown-reference'),
});
