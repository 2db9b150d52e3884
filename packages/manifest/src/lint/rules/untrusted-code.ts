import { quoted } from '@summit/maestro-expressions/text';
import { codeFields, literalCode } from '../code.ts';
import { defineRule } from '../define.ts';
import { callTitle } from '../titles.ts';

/** Code in a manifest runs with the rights of the worker: only catalogs that are reviewed like code may hold it. */
export const untrustedCode = defineRule({
  code: 'untrusted-code',
  severity: 'error',
  doc: 'JavaScript in a manifest of a catalog that is not marked as trusted',
  details:
    'Input that a task declares as `contentMediaType: text/javascript` is executed. Workers refuse it unless their configuration lists the catalog under `trustedCatalogs`. Expressions in `${}` are CEL, need no trust, and do most of what such code does. Workers execute only text that stands in a trusted catalog as it is: code with an expression in it is refused there, too.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: reshape, version: 1.0.0 }
spec:
  tasks:
    - id: map
      uses: tasks/transform.map@0.1.0
      with:
        rows: [{ n: 1 }]
        mapper: "return { n: row.n + 1 }"
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: reshape, version: 1.0.0 }
spec:
  tasks:
    - id: map
      uses: tasks/transform.map@0.1.0
      with:
        rows: [{ n: 1 }]
        mapping: { n: row.n + 1 }
`,
  },
  create: ({ session, report }) => ({
    call(call, workflow) {
      const trusted = session.trusts(workflow.file.path);
      for (const name of codeFields(call, session.inputSchema(call))) {
        const entry = call.with?.entries.get(name);
        if (!entry || (trusted && literalCode(entry.value) !== undefined)) continue;
        report(workflow, {
          start: entry.key.start,
          end: entry.key.end,
          message: trusted
            ? `${callTitle(call)}: ${quoted(name)} is JavaScript that an expression puts together, which no worker executes`
            : `${callTitle(call)}: ${quoted(name)} holds JavaScript, and this catalog is not trusted`,
          hint: trusted
            ? 'write the code as it is, with `$${` for `${`, and hand values over in another field'
            : 'write it as an expression (CEL), or list the catalog under trustedCatalogs in the configuration of lint and worker',
        });
      }
    },
  }),
});
