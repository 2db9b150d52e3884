import { TaskError } from '../errors.ts';

/** What `fn` resolves to; an error of the file system becomes one of the store's: `ARTIFACT_STORE_FULL` or `ARTIFACT_STORE_FAILED`. */
export async function inStore<T>(dir: string, doing: string, fn: () => Promise<T>): Promise<T> {
  try {
    return await fn();
  } catch (error) {
    throw storeFailure(dir, doing, error);
  }
}

function storeFailure(dir: string, doing: string, error: unknown): TaskError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return TaskError.transient(
      'ARTIFACT_STORE_FULL',
      `no space left in the artifact store ${dir} while ${doing} (${code}); free some, or move the store`,
      {
        cause: error,
      },
    );
  }
  // Too many open files and a device that hiccups pass; rights and a file in the folder's place do not.
  const passing = code === 'EMFILE' || code === 'ENFILE' || code === 'EIO' || code === 'EAGAIN' || code === 'EBUSY';
  return new TaskError(`artifact store ${dir} failed while ${doing}: ${code}; check that the folder exists and may be written`, {
    code: 'ARTIFACT_STORE_FAILED',
    retryable: passing,
    cause: error,
  });
}
