import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of a program in one of these folders (those of PATH unless told); undefined where none has it. */
export function findProgram(program: string, folders: readonly string[] = (process.env.PATH ?? '').split(delimiter)): string | undefined {
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
        return false;
      }
    });
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  as?: { uid: number; gid: number };
  timeoutMs?: number;
}

/** Runs a program to its end; resolves to its standard output, rejects with the end of what it said where it fails. */
export function run(command: string, args: readonly string[], { as, timeoutMs = 60_000, ...options }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { ...options, ...as, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = `${stdout}${stderr}`.trim().split('\n').slice(-25).join('\n');
      const outcome = error.killed ? `did not end within ${timeoutMs / 1000} s` : `failed (${error.code ?? error.signal})`;
      reject(new Error(`${command} ${args[0] ?? ''} ${outcome}:\n${said}`, { cause: error }));
    });
  });
}
