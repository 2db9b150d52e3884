import { defineRule } from '../define.ts';
import { reportProblems } from '../report-problems.ts';

/** What cannot be read would fail in the middle of the run. */
export const expressionSyntax = defineRule({
  code: 'expression-syntax',
  severity: 'error',
  doc: 'the text inside `${}` is not a CEL expression',
  details:
    'Expressions are written in CEL (https://github.com/google/cel-spec). `$${` stands for a literal `${`. A value with `: ` or ` #` in it, or inside `{}` or `[]`, has to be quoted as a whole, or YAML takes a part of it for its own.',
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
        bucket: \${params.bucket + }
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
        bucket: \${params.bucket + "-raw"}
        key: raw.json
`,
  },
  create: (context) => reportProblems(context, 'expression-syntax'),
});
