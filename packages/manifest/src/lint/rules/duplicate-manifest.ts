import { quoted } from '@summit/maestro-expressions/text';
import type { Manifest } from '../../model/manifest.ts';
import { defineRule } from '../define.ts';

/** `name@version` is what runs, locks and receipts say; it must mean one thing. */
export const duplicateManifest = defineRule({
  code: 'duplicate-manifest',
  severity: 'error',
  doc: 'two manifests of a catalog have the same kind, name and version',
  details: 'Versions live side by side, so a changed manifest gets a new version. A runbook and a workflow may share name and version.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 500 } }]
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 700 } }]
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 500 } }]
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.1.0 }
spec:
  tasks: [{ id: sleep, uses: tasks/wait.sleep@0.1.0, with: { ms: 700 } }]
`,
  },
  create: ({ session, report }) => {
    const check = (manifest: Manifest) => {
      const { kind, name, version, nameNode } = manifest;
      const [first] = session.manifests.twins(manifest);
      if (!nameNode || !first?.nameNode || first === manifest) return;
      const place = `${first.file.path}:${first.file.position(first.nameNode.start).line}`;
      report(manifest, {
        start: nameNode.start,
        end: nameNode.end,
        message: `the ${kind.toLowerCase()} ${quoted(`${name}@${version}`)} is in the catalog twice; the other one is ${place}`,
        hint: 'give the changed one a new version, or remove one of them',
      });
    };
    return { runbook: check, workflow: check };
  },
});
