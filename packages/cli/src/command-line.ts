import type { Context } from './context.ts';

/** A command for people to copy: quoted for a shell, with the configuration this one was given. */
export function commandLine(context: Pick<Context, 'globals'>, words: readonly string[]): string {
  const { config } = context.globals;
  return ['maestro', ...words, ...(config === undefined ? [] : ['--config', config])].map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
