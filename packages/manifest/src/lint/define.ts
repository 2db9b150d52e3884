import type { Severity } from '../diagnostic.ts';
import type { CallView, Manifest, Runbook, TaskView, Workflow } from '../model/manifest.ts';
import type { Session } from './session.ts';
import type { Site } from './site.ts';
import type { Span } from './span.ts';

/** The parts of a catalog a rule looks at. One walk serves all rules; a hook is called once per part. */
export interface Hooks {
  runbook?(runbook: Runbook): void;
  workflow?(workflow: Workflow): void;
  /** A task of `tasks`, `onFailure` or `finally`. */
  task?(task: TaskView, workflow: Workflow): void;
  /** Something that is executed: a task, or what undoes one. */
  call?(call: CallView, workflow: Workflow): void;
  /** A string with `${` in it. */
  scalar?(site: Site): void;
}

/** What a rule has found; file, code and severity are added. */
export interface Finding extends Span {
  message: string;
  /** Where it is not the rule's own. */
  severity?: Severity;
  hint?: string | undefined;
  fix?: { start: number; end: number; newText: string } | undefined;
}

export interface RuleContext {
  readonly session: Session;
  report(manifest: Manifest, finding: Finding): void;
}

/** A catalog in one text, as the documentation shows it. The tasks it may use are those of `testdata/contracts.json`. */
export interface RuleExamples {
  /** Gives exactly this rule's finding. */
  bad: string;
  /** The same, mended: gives none. */
  good: string;
}

export interface Rule {
  /** As diagnostics carry it; the file of the rule and its page are called after it. */
  code: string;
  severity: Severity;
  /** One line: what it finds. */
  doc: string;
  /** Why it hurts, and what to do: a paragraph for the page. */
  details: string;
  examples: RuleExamples;
  /** What it finds may come from another mistake in the same file: it is told only where the file has no error. */
  yields?: true;
  /** Returns the hooks it needs. Absent where the parser already reports it. */
  create?(context: RuleContext): Hooks;
}

/** Checks a rule's shape at compile time and gives it back. */
export function defineRule<R extends Rule>(rule: R): R {
  return rule;
}
