import type { Entry, Node, Path } from '../parse/node.ts';
import type { Budget } from './budget.ts';
import type { AnySchema } from './refs.ts';

/** Why a value does not fit its schema: one mistake, at one node. */
export interface SchemaProblem {
  kind: 'type' | 'value' | 'unknown' | 'missing';
  node: Node;
  /** Of the value, or of the mapping that lacks or has a field too many. */
  path: Path;
  /** What to say after the name of the value: `must be a string, found 5`. */
  text: string;
  /** The field in question, where the mistake is its key. */
  entry?: Entry;
  /** The field that an unknown one was probably meant to be. */
  near?: string;
  /** The fields that an unknown one may have been meant to be. */
  free?: string[];
  /** Names of the fields that are missing. */
  missing?: string[];
  /** The types it could have had, and the values it could have been: for alternatives to be told together. */
  types?: string[];
  allowed?: unknown[];
  hint?: string;
  /** New text for the key (where `entry` is given) or for the value. */
  replacement?: string;
}

/** Of a value with more mistakes than this only the first are told. */
export const MOST_PROBLEMS = 100;

/** What a scalar turns out to be where it is not a plain literal. */
export interface Dynamic {
  /** Whether every value it can take fits `schema`. */
  accepts(schema: AnySchema): { ok: true } | { ok: false; expected: string; found: string; hint?: string };
  /** The field is left out where there is no value. */
  mayBeAbsent?: boolean;
}

/** How values are looked at. */
export interface CheckOptions {
  /** Called for string scalars: what an expression can be, or the literal that the text stands for. Absent: all are literals. */
  dynamic?(node: Node): Dynamic | { literal: string } | undefined;
  /** `field` in a manifest, `property` in the input of a task. */
  noun: string;
  /** Patterns come with the program: the built-in regex engine is safe, and quicker to start. */
  trustedPatterns?: boolean;
  /** What this check and others may take together. Absent: what is plenty for one value. */
  budget?: Budget;
}

/** The checker as its keywords see it. */
export interface Checking {
  readonly options: CheckOptions;
  /** Whether work of so many steps can still be afforded; if not, it must not be done. */
  spend(steps: number): boolean;
  /** All that is wrong with `node` by `schema`. */
  check(schema: AnySchema, node: Node, path: Path): SchemaProblem[];
  /** The schema that counts: references followed. */
  resolve(schema: AnySchema): AnySchema;
  /** Whether a field is left out where its value is absent. */
  mayBeAbsent(node: Node): boolean;
  /** Whether parts of the value are known only during the run. */
  isOpen(node: Node): boolean;
}
