import { quoted } from '@summit/maestro-expressions/text';
import { credentialIn, credentialUnder } from '../../text/credentials.ts';
import { defineRule } from '../define.ts';
import { literals } from '../literals.ts';

/** Whoever can read the repository has the credential, and its history keeps it when it is removed. */
export const secretLiteral = defineRule({
  code: 'secret-literal',
  severity: 'error',
  doc: 'something that looks like a credential stands in plain text',
  details:
    'Tokens and keys of well-known services, private keys, passwords in URLs, and values of fields that are called password or token. Give it to the worker as a secret and name it: `${secrets.NAME}`. A credential that was committed should be replaced.',
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
        webhook: https://hooks.slack.com/services/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
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
  create: ({ report }) => {
    const look = (manifest: Parameters<typeof report>[0]) => {
      for (const { node, key } of literals(manifest.root)) {
        const found = credentialIn(node.value) ?? (key === undefined ? undefined : credentialUnder(key, node.value));
        if (found === undefined) continue;
        report(manifest, {
          start: node.start,
          end: node.end,
          message: `${key === undefined ? 'this value' : quoted(key)} looks like ${found}, in plain text`,
          hint: 'give it to the worker as a secret, write ${secrets.NAME} here, and replace the credential: it has been seen',
        });
      }
    };
    return { runbook: look, workflow: look };
  },
});
