/**
 * What the `maestro` process ends with.
 * 0: done; 1: the answer is no (findings, the run failed, the bundle does not verify); 2: the command could not do its
 * work (wrong usage, configuration, files); 3: people ended the run (cancelled, rejected); 130 and 143: interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130 | 143;

export const exit = {
  ok: 0,
  failed: 1,
  couldNotRun: 2,
  stopped: 3,
  interrupted: 130,
  terminated: 143,
} as const satisfies Record<string, ExitCode>;

/** One line per code, for help texts; a command says which of them it uses. */
export const exitMeanings: Record<keyof typeof exit, string> = {
  ok: 'done',
  failed: 'the answer is no: findings, a failed run, a bundle that does not verify',
  couldNotRun: 'could not do its work: wrong usage, configuration, files or engine',
  stopped: 'people ended the run: it was cancelled, or an approval was rejected or expired',
  interrupted: 'interrupted with Ctrl-C (SIGINT)',
  terminated: 'ended from outside (SIGTERM)',
};
