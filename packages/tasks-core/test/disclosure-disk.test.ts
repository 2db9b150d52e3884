import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { packageInChild } from './support/child.ts';
import { makeFolder } from './support/folder.ts';

/** A mount namespace of our own: with root's rights, or with those that a user namespace gives. Undefined where the system allows neither. */
const unshare = ['unshare -m', 'unshare -rm'].find(
  (command) => spawnSync('sh', ['-c', `${command} mount -t tmpfs none /mnt`]).status === 0,
);

const noise = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * i * 31 + (i >> 7)) & 0xff));

describe('a disk that is full', () => {
  it('is told by its code, and nothing half-written stays', async () => {
    await using folder = await makeFolder({ 'noise.bin': noise, 'small/x': 'x' });
    const payload = { files: ['noise.bin'], outPath: 'small/bundle.zip', level: 0 };
    // Where nothing can be mounted, a limit on the size of files is what comes closest: the same code path with EFBIG.
    const within = unshare
      ? `${unshare} sh -c 'mount -t tmpfs -o size=1m none ${folder.file('small')} && "$@"; ls -A ${folder.file('small')} >&2; ls -A ${folder.file('small')} > ${folder.file('left')}' sh "$@"`
      : `ulimit -f 1000; "$@"; ls -A ${folder.file('small')} | grep -v '^x$' > ${folder.file('left')}`;
    const { error } = packageInChild(folder.path, payload, within);
    expect(error).toMatchObject({ code: 'DISCLOSURE_DISK_FULL', retryable: false });
    expect(error?.message).toMatch(
      /^no space for "small\/bundle.zip" \((?:ENOSPC|EFBIG)\); free some and run again; nothing was left behind$/,
    );
    expect(await readFileText(folder.file('left'))).toBe('');
  });

  it('a limit on the size of files is the same to it', async () => {
    await using folder = await makeFolder({ 'noise.bin': noise });
    const { error } = packageInChild(folder.path, { files: ['noise.bin'], outPath: 'bundle.zip', level: 0 }, 'ulimit -f 1000; exec "$@"');
    expect(error).toMatchObject({ code: 'DISCLOSURE_DISK_FULL' });
    expect(await readdir(folder.path)).toEqual(['noise.bin']);
  });
});

it('a file system that is read-only is told by its code', async () => {
  await using folder = await makeFolder({ 'a.txt': 'a', 'out/x': 'x' });
  // Without a mount: a folder that nobody may write to. Root may, so one of these two holds everywhere.
  const within = unshare
    ? `${unshare} sh -c 'mount -t tmpfs -o ro none ${folder.file('out')} && exec "$@"' sh "$@"`
    : `chmod 500 ${folder.file('out')}; "$@"; chmod 700 ${folder.file('out')}`;
  const { error } = packageInChild(folder.path, { files: ['a.txt'], outPath: 'out/bundle.zip' }, within);
  expect(error).toMatchObject({ code: 'DISCLOSURE_OUTPUT_NOT_WRITABLE', retryable: false });
  expect(error?.message).toContain('"out/bundle.zip" cannot be written');
});

async function readFileText(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  return await readFile(path, 'utf8');
}

it('files that nobody may read are all named', async () => {
  await using folder = await makeFolder({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' });
  await writeFile(folder.file('run.sh'), '');
  // Root reads everything: it gives up its rights first.
  const drop = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --clear-groups --inh-caps=-all "$@"' : '"$@"';
  const { error } = packageInChild(
    folder.path,
    { files: ['a.txt', 'b.txt', 'c.txt'], outPath: 'b.zip' },
    `chmod 755 ${folder.path}; chmod 000 ${folder.file('a.txt')} ${folder.file('c.txt')}; ${drop}`,
  );
  expect(error).toMatchObject({ code: 'DISCLOSURE_FILE_UNREADABLE' });
  expect(error?.message).toContain('2 of 3 files cannot be packaged');
  expect(error?.message).toContain('"a.txt" cannot be opened (EACCES); give this process permission to read it');
  expect(error?.message).toContain('"c.txt"');
});
