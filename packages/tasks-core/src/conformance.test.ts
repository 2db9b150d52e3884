import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeclaredTask } from '@summit/maestro-sdk';
import { describeConformance } from '@summit/maestro-sdk/testing';
import { describe, it } from 'vitest';
import { tasks } from './index.ts';

describeConformance(
  tasks as unknown as readonly DeclaredTask[],
  { describe, it },
  {
    tasks: {
      'ops/approval.gate': {
        context: { decisions: [[{ by: 'olive' }]] },
        payload: () => ({ approvers: ['sre'], reason: 'a try', expiresIn: '8h' }),
        stuck: async (ctx) => {
          // The one decision that is scripted is taken; nobody answers the next question.
          await ctx.decision({ approvers: ['sre'] });
          return { payload: { approvers: ['sre'] } };
        },
      },
      'ops/disclosure.package': {
        context: { files: { 'report.pdf': 'a report', 'data/table.csv': 'a,b\n1,2\n' } },
        payload: () => ({ files: ['report.pdf', { path: 'data/table.csv', description: 'Table 3' }], outPath: 'bundle.zip' }),
        stuck: (ctx) => {
          // Long enough not to be over before it is aborted.
          writeFileSync(join(ctx.workspace, 'large.bin'), Buffer.alloc(64 * 1024 * 1024, 'abcdefg'));
          return { payload: { files: ['large.bin'], outPath: 'bundle.zip', level: 9 } };
        },
      },
    },
  },
);
