import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { TaskError } from '@summit/maestro-sdk';

/** Longest path of a Unix socket that every supported system takes, in bytes. */
const MAX_SOCKET_PATH = 103;
const LONGEST_SOCKET = '/maestro/ingress.sock';

/**
 * A path to `folder` short enough for the sockets inside it: the folder itself, or a link to it in a private
 * folder of the system's temporary one.
 */
export function socketFolder(folder: string): string {
  if (Buffer.byteLength(folder + LONGEST_SOCKET) <= MAX_SOCKET_PATH) return folder;
  const { uid } = userInfo();
  const own = join(tmpdir(), `maestro-${uid}`);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const stat = lstatSync(own);
  if (!stat.isDirectory() || (uid >= 0 && stat.uid !== uid)) {
    throw TaskError.terminal('STATE_FOLDER_UNUSABLE', `${own} belongs to somebody else; remove it, or set TMPDIR to a folder of your own`);
  }
  const link = join(own, createHash('sha256').update(folder).digest('hex').slice(0, 12));
  rmSync(link, { force: true });
  symlinkSync(folder, link);
  return link;
}
