import { InvalidInputError } from '@summit/maestro-sdk';
import { didYouMean } from './nearest.ts';

/** Throws `INVALID_INPUT` for a field that the schema does not have. Awaits nothing, for tasks that must not. */
export function checkKnownFields(payload: object, { properties }: { properties: object }): void {
  const known = Object.keys(properties);
  const unknown = Object.keys(payload).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const choices = didYouMean(unknown, known) || `; its fields are ${known.join(', ')}`;
  throw new InvalidInputError(`${unknown} is no field of the input${choices}`);
}
