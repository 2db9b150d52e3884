import { quoted } from '@summit/maestro-expressions/text';
import type { TaskView } from '../../model/manifest.ts';
import { addNeed } from '../add-need.ts';
import { defineRule } from '../define.ts';
import { siteTitle } from '../titles.ts';

/** Tasks run in parallel unless one needs the other: what is read may not be there yet. */
export const notAnAncestor = defineRule({
  code: 'not-an-ancestor',
  severity: 'error',
  doc: 'an expression reads the output of a task that its own task does not wait for',
  details:
    'A task may read only what it `needs`, directly or through others. The fix adds the task to `needs`, unless that would close a circle.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: fetch, version: 1.0.0 }
spec:
  policy: { purpose: example, authority: example, license: internal }
  tasks:
    - id: fetch
      uses: connectors/s3.get@0.1.0
      with: { bucket: demo, key: raw.json }
    - id: notify
      uses: tasks/notify.slack@0.1.0
      with:
        text: fetched \${tasks.fetch.output.size} bytes
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
    - id: notify
      uses: tasks/notify.slack@0.1.0
      needs: [fetch]
      with:
        text: fetched \${tasks.fetch.output.size} bytes
`,
  },
  create: ({ session, report }) => {
    // A need that is missing is missing once, however often the task reads what it does not need.
    const told = new Map<TaskView, Set<string>>();
    return {
      scalar(site) {
        const { manifest, task } = site;
        if (!task || manifest.kind !== 'Workflow') return;
        for (const { code, task: id, start, end } of session.analysis(site).problems) {
          if (code !== 'not-an-ancestor' || id === undefined || told.get(task)?.has(id)) continue;
          told.set(task, (told.get(task) ?? new Set()).add(id));
          const dag = session.dag(manifest);
          const other = dag.ids.get(id);
          const circular = other === task || (other !== undefined && task.id !== undefined && dag.ancestors(other).has(task.id.value));
          const elsewhere = other !== undefined && other.list !== task.list;
          report(manifest, {
            start,
            end,
            message: `${siteTitle(site)} reads task ${quoted(id)}, which it does not need${other === task ? ': no task can read itself' : ''}`,
            hint: circular
              ? `${quoted(id)} waits for this task itself: read something that is there before`
              : elsewhere
                ? `${quoted(id)} is one of ${other.list}, which a task of ${task.list} cannot need: read one of ${task.list === 'tasks' ? '' : 'tasks or '}${task.list}`
                : `add ${quoted(id)} to its needs`,
            fix: circular || elsewhere ? undefined : addNeed(manifest.file, task, id),
          });
        }
      },
    };
  },
});
