import type { TaskView } from '../../model/manifest.ts';
import { dotted } from '../../model/subject.ts';
import type { MapNode, Path } from '../../parse/node.ts';
import { checkValue } from '../../schema/check.ts';
import { problemFix, problemSpan } from '../../schema/place.ts';
import { quoted } from '../../text/words.ts';
import { defineRule } from '../define.ts';
import { taskTitle } from '../titles.ts';

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
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { buckte: demo, key: raw.json }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: demo, key: raw.json }
`,
  },
  create: ({ session, report }) => ({
    task(task, workflow) {
      const contract = session.contractOf(task);
      if (!contract || !task.withSound) return;
      const input = task.with ?? nothing(task);
      const dynamic = session.dynamicIn(workflow, task);
      const uses = `${contract.name}@${contract.version}`;
      for (const problem of checkValue(contract.input, input, { noun: 'property', dynamic })) {
        const span = task.withEntry ? problemSpan(task.node, problem, ['with', ...problem.path]) : (task.uses?.node ?? task.node);
        report(workflow, {
          start: span.start,
          end: span.end,
          message: `${taskTitle(task)}: ${title(problem.path, uses)} ${problem.text}`,
          hint: problem.hint ?? `maestro tasks show ${uses} prints what it takes`,
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
function nothing({ node }: TaskView): MapNode {
  return { kind: 'map', entries: new Map(), flow: true, start: node.start, end: node.end };
}
