import type { AnySchema } from '../schema/refs.ts';

/** One difference between two versions of a contract. */
export interface Change {
  /** `input.files[].path`, `output.size`, `effect`. */
  path: string;
  /** Something that worked with the old version may not work with the new one. */
  breaking: boolean;
  message: string;
}

/** `input`: the new schema has to accept what the old one did. `output`: the old one has to accept what the new one does. */
export type Side = 'input' | 'output';

/** Two schemas of one value, each with the document that its references lead into. */
export interface Pair {
  before: AnySchema;
  after: AnySchema;
  path: string;
}

/** A comparison as its parts see it. */
export interface Comparing {
  readonly side: Side;
  /** All that differs between two schemas. */
  compare(pair: Pair): Change[];
}
