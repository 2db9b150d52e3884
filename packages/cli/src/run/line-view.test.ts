import { describe, expect, test } from 'vitest';
import { project } from '../../test/project.ts';
import { execute } from '../testing.ts';

describe('the whole language', () => {
  const policy = 'policy: { purpose: test, authority: test, license: test }';
  const whole = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: whole, version: 1.0.0, owner: ops@test }
spec:
  dryRun: true
  workflowRef: whole@1.0.0
  inputs:
    - { name: breaks, type: boolean, default: true }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: whole, version: 1.0.0 }
spec:
  ${policy}
  parameters:
    - { name: breaks, type: boolean, default: true }
  tasks:
    - id: each
      uses: workflows/part@1.0.0
      forEach: { in: [a, b], maxParallel: 1 }
      with: { name: '\${item}' }
    - id: break
      uses: tasks/broken@1.0.0
      needs: [each]
      when: '\${params.breaks}'
      with: {}
    - id: check
      uses: tasks/wait.sleep@0.1.0
      needs: [break]
      when: '\${always()}'
      with: { ms: 1 }
    - id: never
      uses: tasks/wait.sleep@0.1.0
      needs: [break]
      with: { ms: 1 }
  onFailure:
    - { id: tell, uses: tasks/wait.sleep@0.1.0, with: { ms: '\${size(run.status)}' } }
  finally:
    - { id: last, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
  outputs:
    names: '\${tasks.each.output.map(o, o.name)}'
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: part, version: 1.0.0 }
spec:
  ${policy}
  parameters:
    - { name: name, type: string, required: true }
  tasks:
    - id: echo
      uses: tasks/echo@1.0.0
      with: { value: ['\${params.name}'] }
      compensate: { uses: tasks/echo@1.0.0, with: { value: ['undo', '\${tasks.echo.output.value}'] } }
  outputs:
    name: '\${params.name}'
`;
  const told = (stdout: string) =>
    stdout
      .split('\n')
      .filter((line) => /^\d\d:/.test(line))
      .map((line) => line.slice(9).replace(/ (sha256:|tasks\/|workflows\/).*/, ''));

  test('lists of sub-workflows, conditions, undoing and hooks, line by line', async () => {
    const { code, stdout, stderr } = await execute(['run', 'whole', '--ephemeral', '--execute', '--run-id', 'w1'], {
      cwd: project({ 'runbooks/whole.yaml': whole }),
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const part = (item: number) => [
      `each[${item}]/echo started`,
      `each[${item}]/echo succeeded`,
      `each[${item}] succeeded ${item + 1} of 2`,
    ];
    expect(told(stdout)).toEqual([
      'run started',
      'each started for 2 items',
      ...part(0),
      ...part(1),
      'each succeeded',
      'break started',
      'break attempt 1 failed: THING_BROKEN: the thing is broken\\x1b[2J',
      'break failed: THING_BROKEN: the thing is broken\\x1b[2J',
      'check started',
      'never skipped: it needs break, which failed',
      'check succeeded',
      'each[1]/echo undoing',
      'each[1]/echo undone',
      'each[0]/echo undoing',
      'each[0]/echo undone',
      'tell started',
      'tell succeeded',
      'last started',
      'last succeeded',
    ]);
    expect(stdout).toMatch(/failed in \w+.* {2}run w1\n {2}task break: THING_BROKEN.*\n {2}next: .*\n {2}undone: 2 of 2\n$/);
  });

  test('a runbook that says dryRun is previewed', async () => {
    const { code, stdout, stderr } = await execute(['run', 'whole', '--ephemeral', '--input', 'breaks=false'], {
      cwd: project({ 'runbooks/whole.yaml': whole }),
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(told(stdout).slice(0, 6)).toEqual([
      'dry run started',
      'each started for 2 items',
      'each[0]/echo started',
      'each[0]/echo would touch echo a',
      'each[0]/echo previewed',
      'each[0] succeeded 1 of 2',
    ]);
    expect(stdout).toContain('break skipped: its condition is false\n');
    expect(stdout).toMatch(
      /dry run succeeded in .*\n {2}nothing was changed; next: run it with --execute\noutputs\n {2}names:\n {4}- a\n {4}- b\n$/,
    );
  });
});
