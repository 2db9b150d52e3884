import type { TaskContract } from '@summit/maestro-sdk';
import { parseScalar } from '../expressions/scalar.ts';
import { allCalls, type CallView, type Catalog } from '../model/manifest.ts';
import type { Node } from '../parse/node.ts';
import { Session } from './session.ts';

/** The fields of an input that the task declares as JavaScript. */
export function codeFields({ with: input }: CallView, schema: { [keyword: string]: unknown } | undefined): string[] {
  const properties = (schema?.properties ?? {}) as { [name: string]: { contentMediaType?: unknown } };
  const media = (name: string) => (Object.hasOwn(properties, name) ? properties[name]?.contentMediaType : undefined);
  return [...(input?.entries.keys() ?? [])].filter((name) => /^(?:text|application)\/(?:javascript|ecmascript)$/.test(String(media(name))));
}

/** Code as the task will be given it; `undefined` where expressions decide that. */
export function literalCode(value: Node): string | undefined {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return undefined;
  const parsed = parseScalar(value.value);
  return 'template' in parsed && typeof parsed.template === 'string' ? parsed.template : undefined;
}

/** The texts of all code that stands in a catalog: what a worker that trusts it executes. */
export function codeTexts(catalog: Catalog, contracts: readonly TaskContract[]): string[] {
  const session = new Session(catalog, contracts);
  return catalog.manifests.flatMap((manifest) =>
    manifest.kind === 'Runbook'
      ? []
      : allCalls(manifest).flatMap((call) =>
          codeFields(call, session.inputSchema(call)).flatMap((name) => {
            const value = call.with?.entries.get(name)?.value;
            return (value && literalCode(value)) ?? [];
          }),
        ),
  );
}
