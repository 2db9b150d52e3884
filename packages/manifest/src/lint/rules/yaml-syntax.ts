import { defineRule } from '../define.ts';

/** Reported while parsing. */
export const yamlSyntax = defineRule({
  code: 'yaml-syntax',
  severity: 'error',
  doc: 'the file is not YAML, or uses parts of YAML that a manifest does not have',
  details:
    'Found while parsing: syntax errors, duplicate keys, tabs as indentation, merge keys, tags, numbers that JSON cannot hold, aliases that expand without end, text that is not UTF-8, control characters, files that are too large (more than 1,048,576 characters or 200,000 tokens) or nested more than 64 levels deep. An expression inside `{}` or `[]` must be quoted, because `{` ends a plain value there; so must any value with `: ` in it.',
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
      with: { bucket: \${params.bucket}, key: raw.json }
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
      with: { bucket: "\${params.bucket}", key: raw.json }
`,
  },
});
