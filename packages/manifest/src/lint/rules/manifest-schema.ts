import { defineRule } from '../define.ts';

/** Reported while parsing. */
export const manifestSchema = defineRule({
  code: 'manifest-schema',
  severity: 'error',
  doc: 'a field is unknown, missing, of the wrong type or malformed',
  details:
    'Found while parsing, by the JSON Schema of the two kinds: unknown and missing fields, wrong types, names, versions, ranges and durations that are not well-formed, defaults that do not fit their parameter. Fields of maestro/v1 that this version does not run yet are refused rather than ignored.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
      timeot: 5s
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
      timeout: 5s
`,
  },
});
