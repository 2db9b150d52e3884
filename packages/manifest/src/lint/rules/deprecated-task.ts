import { quoted } from '@summit/maestro-expressions/text';
import type { TaskContract } from '@summit/maestro-sdk';
import { type ContractComparison, compareContracts } from '../../contracts/compare.ts';
import { referencesOf } from '../../model/references.ts';
import { defineRule } from '../define.ts';
import type { Session } from '../session.ts';
import { textSpan } from '../span.ts';

/** A task that is superseded still runs, until its package drops it. */
export const deprecatedTask = defineRule({
  code: 'deprecated-task',
  severity: 'warning',
  doc: 'a task that says of itself that it is superseded',
  details:
    'The text is the one that the task was declared with. Where it names a version that is installed and whose contract accepts what this one accepts and returns what it returns, the fix writes that one instead.',
  examples: {
    bad: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/pause@0.1.0
      with: { ms: 500 }
`,
    good: `apiVersion: maestro/v1
kind: Workflow
metadata: { name: pause, version: 1.0.0 }
spec:
  tasks:
    - id: sleep
      uses: tasks/wait.sleep@0.2.0
      with: { ms: 500 }
`,
  },
  create: ({ session, report }) => ({
    workflow(workflow) {
      for (const { kind, name, range, node } of referencesOf(workflow)) {
        const contract = kind === 'task' ? session.contracts.resolve(name, range) : undefined;
        if (contract?.deprecated === undefined) continue;
        const { version, deprecated } = contract;
        const successor = successorOf(contract, deprecated, session);
        const span = textSpan(node, 0, node.value.length);
        report(workflow, {
          ...span,
          message: `task ${quoted(`${name}@${version}`)} is deprecated: ${deprecated}`,
          hint: hintOf(successor),
          fix: successor?.compatible ? { ...span, newText: successor.ref } : undefined,
        });
      }
    },
  }),
});

interface Successor extends ContractComparison {
  ref: string;
}

/** The task that the text names, where it is installed and not superseded itself. */
function successorOf(contract: TaskContract, text: string, session: Session): Successor | undefined {
  for (const [ref, name, version] of text.matchAll(/\b((?:tasks|connectors|ops)\/[\w.-]+)@(\d+\.\d+\.\d+(?:-[\w.-]*\w)?)/g)) {
    const successor = session.contracts.at(String(name), String(version));
    const itself = name === contract.name && version === contract.version;
    if (successor && !itself && successor.deprecated === undefined) return { ref, ...compareContracts(contract, successor) };
  }
  return undefined;
}

function hintOf(successor: Successor | undefined): string {
  if (!successor) return 'use what replaces it, as its author says';
  if (successor.compatible) return `write ${successor.ref}`;
  const differences = successor.changes.filter((change) => change.breaking).map(({ path, message }) => `${path} ${message}`);
  const more = differences.length > 3 ? ` and ${differences.length - 3} more` : '';
  return `write ${successor.ref} and change what it is given: ${differences.slice(0, 3).join('; ')}${more}`;
}
