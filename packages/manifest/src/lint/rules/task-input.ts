import { quoted } from '@summit/maestro-expressions/text';
import type { CallView } from '../../model/manifest.ts';
import { dotted } from '../../model/subject.ts';
import type { MapNode, Path } from '../../parse/node.ts';
import { checkValue } from '../../schema/check.ts';
import { problemFix, problemSpan } from '../../schema/place.ts';
import { defineRule } from '../define.ts';
import { targetName } from '../target.ts';
import { callTitle } from '../titles.ts';

/** The task would refuse its input when the run gets there, after everything before it has happened. */
export const taskInput = defineRule({
  code: 'task-input',
  severity: 'error',
  doc: '`with` does not fit the input schema of the task',
  details:
    'Literals are held against the input schema of the version that `uses` resolves to, and so are the types of expressions. `maestro tasks show <name>` prints the schema.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { buckte: demo, key: raw.json }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: demo, key: raw.json }
`,
  },
  create: ({ session, report }) => ({
    call(call, workflow) {
      const target = session.targetOf(call);
      const schema = session.inputSchema(call);
      if (!target || !schema || !call.withSound) return;
      const input = call.with ?? nothing(call);
      const dynamic = session.dynamicIn(workflow, call);
      const uses = targetName(target);
      const noun = target.kind === 'task' ? 'property' : 'parameter';
      const more = target.kind === 'task' ? `maestro tasks show ${uses} prints what it takes` : `see spec.parameters of ${uses}`;
      for (const problem of checkValue(schema, input, { noun, dynamic, budget: session.budget(workflow) })) {
        const span = call.withEntry ? problemSpan(call.node, problem, ['with', ...problem.path]) : (call.uses?.node ?? call.node);
        report(workflow, {
          start: span.start,
          end: span.end,
          message: `${callTitle(call)}: ${title(problem.path, uses)} ${problem.text}`,
          hint: problem.hint ?? more,
          fix: problemFix(problem),
        });
      }
    },
  }),
});

function title(path: Path, uses: string): string {
  return path.length === 0 ? `the input of ${uses}` : `${quoted(dotted(path))} of ${uses}`;
}

/** Without `with` the input is an empty mapping. */
function nothing({ node }: CallView): MapNode {
  return { kind: 'map', entries: new Map(), flow: true, start: node.start, end: node.end };
}
