import { quoted } from '@summit/maestro-expressions/text';
import type { Manifest } from '../../model/manifest.ts';
import { referencesOf, type UsedReference } from '../../model/references.ts';
import { isExact } from '../../resolve/versions.ts';
import { defineRule } from '../define.ts';
import type { Session } from '../session.ts';
import { textSpan } from '../span.ts';

/** What a range stands for changes with what is installed: the run of today and that of tomorrow may be two programs. */
export const floatingVersion = defineRule({
  code: 'floating-version',
  severity: 'warning',
  doc: 'a version range, and no lock file that says what it stands for',
  details:
    'A range resolves to the highest version that is installed, which may be another one tomorrow or on the next machine. `maestro lock` writes down what every range stands for, and from then on it stands for that; or write the version out, which is what the fix does.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@^0.1
      with: { ms: 500 }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.1.0
      with: { ms: 500 }
`,
  },
  create: ({ session, report }) => {
    const check = (manifest: Manifest) => {
      for (const ref of referencesOf(manifest)) {
        if (isExact(ref.range) || session.isLocked(ref)) continue;
        const version = versionOf(ref, session);
        // What resolves to nothing is told as that.
        if (version === undefined) continue;
        const { value } = ref.node;
        const span = textSpan(ref.node, value.lastIndexOf('@') + 1, value.length);
        report(manifest, {
          ...span,
          message: `${quoted(value)} is a range and no lock file is in force for it; now it resolves to ${version}`,
          hint: `run \`maestro lock\`, or write ${value.slice(0, value.lastIndexOf('@'))}@${version}`,
          fix: { ...span, newText: version },
        });
      }
    };
    return { runbook: check, workflow: check };
  },
});

function versionOf({ kind, name, range }: UsedReference, session: Session): string | undefined {
  return kind === 'task' ? session.contracts.resolve(name, range)?.version : session.manifests.workflow(name, range)?.version;
}
