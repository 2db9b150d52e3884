import type { Static, TSchema } from '@summit/maestro-sdk/schema';

type Compiler = typeof import('./compile.ts');
// Ajv is loaded by the first call, not with the catalog.
let compiler: Promise<Compiler> | undefined;

/**
 * A check of a task's input by its schema, for calls that no worker has checked: it throws `INVALID_INPUT`, which names the fields.
 * `lists` are fields whose items the task reads one by one anyway: that they are lists is all that is checked here.
 */
export function inputCheck<T extends TSchema>(
  schema: T,
  lists: readonly (keyof Static<T> & string)[] = [],
): (payload: unknown) => Promise<void> {
  let check: ((payload: unknown) => void) | undefined;
  return async (payload) => {
    if (check === undefined) {
      compiler ??= import('./compile.ts');
      const { compileInput } = await compiler;
      check ??= compileInput(schema, lists);
    }
    check(payload);
  };
}
