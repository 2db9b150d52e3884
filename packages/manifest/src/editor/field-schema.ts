import type { JsonSchema } from '@summit/maestro-sdk';
import type { Session } from '../lint/session.ts';
import { allCalls, type Manifest } from '../model/manifest.ts';
import type { Path } from '../parse/node.ts';
import { parametersSchema } from '../schema/parameter-schema.ts';
import { runbookSchema } from '../schema/runbook-schema.ts';
import { workflowSchema } from '../schema/workflow-schema.ts';
import { schemaAt } from './schema-at.ts';

/** The schema of the value at a path of a manifest: of what a task or workflow takes, in a `with`, or of the language. */
export function fieldSchema(session: Session, manifest: Manifest, path: Path): JsonSchema | undefined {
  return inputAt(session, manifest, path) ?? schemaAt(manifest.kind === 'Runbook' ? runbookSchema : workflowSchema, path);
}

function inputAt(session: Session, manifest: Manifest, path: Path): JsonSchema | undefined {
  if (manifest.kind === 'Runbook') {
    const workflow = startsWith(path, ['spec', 'with']) ? session.workflowOf(manifest) : undefined;
    return workflow && schemaAt(parametersSchema(workflow.parameters.map(({ parameter }) => parameter)), path.slice(2));
  }
  const call = allCalls(manifest).findLast((view) => startsWith(path, [...view.path, 'with']));
  const schema = call && session.inputSchema(call);
  return schema && schemaAt(schema, path.slice(call.path.length + 1));
}

/** Whether a path is another one or leads on from it. */
export function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((step, at) => path[at] === step);
}
