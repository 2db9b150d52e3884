import type { DeclaredTask } from '@summit/maestro-sdk';
import { expect, it } from 'vitest';
import type { TaskCall } from '../interpreter/host.ts';
import { Redactor } from './redact.ts';
import { runContext, type WorkerServices } from './run-context.ts';

it.each([[[]], [['*.internal', '127.0.0.1:8080']]])(
  'every task hears which addresses it may reach beside public ones: %j',
  (egressAllow) => {
    const services = { egressAllow, workspace: '/', emit: () => {} } as unknown as WorkerServices;
    const call = {
      run: { runId: 'r1', plan: { runbook: { name: 'a', version: '1.0.0' }, ref: 'a@1.0.0' }, initiator: { id: 'alice', roles: [] } },
      workflow: { ref: 'a@1.0.0', name: 'a' },
      attempt: 1,
      subject: { task: 'ask', id: 'ask' },
    } as unknown as TaskCall;
    const context = runContext(call, {} as DeclaredTask, services, new AbortController().signal, new Redactor(), undefined);
    expect(context.egress).toEqual({ allow: egressAllow });
  },
);
