import { join } from 'node:path';
import { styleText } from 'node:util';

/** The shipped runbooks. */
export const CATALOG = join(import.meta.dirname, '..', '..', '..', 'runbooks');

/** What the demo says on the terminal. */
let step = 0;

export function title(text: string): void {
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

/** A numbered headline with why the step matters. */
export function chapter(headline: string, why: string): void {
  step += 1;
  process.stdout.write(`\n${styleText(['bold', 'cyan'], `${step}. ${headline}`)}\n${styleText('dim', `   ${why}`)}\n`);
}

/** A command as the reader would type it. */
export function command(text: string): void {
  process.stdout.write(`   ${styleText('dim', '$')} ${styleText('bold', text)}\n`);
}

/** Output of a command, indented. */
export function output(text: string): void {
  for (const line of text.trimEnd().split('\n')) process.stdout.write(`     ${line}\n`);
}

export function good(text: string): void {
  process.stdout.write(`   ${styleText('green', '✓')} ${text}\n`);
}

export function note(text: string): void {
  process.stdout.write(`   ${text}\n`);
}

/** Ends the demo where it does not show what it says. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo expected: ${what}`);
}
