import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveInWorkspace } from './workspace.ts';

let base: string;
let root: string;
beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'sdk-workspace-')));
  root = join(base, 'root');
  await mkdir(join(root, 'sub'), { recursive: true });
  await mkdir(join(base, 'outside'));
  await writeFile(join(root, 'a.txt'), 'a');
  await writeFile(join(root, 'sub', 'ü b.txt'), 'b');
  await writeFile(join(root, '..dots'), 'd');
  await writeFile(join(base, 'outside', 'secret.txt'), 's');
  // A folder whose name begins as the workspace's does is not inside it.
  await mkdir(join(base, 'root2'));
  await writeFile(join(base, 'root2', 'x'), 'x');
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

const rejected = (code: string) => ({ code, retryable: false });

describe('for reading', () => {
  it('takes paths relative to the root, and absolute ones inside it', async () => {
    expect(await resolveInWorkspace(root, 'a.txt')).toBe(join(root, 'a.txt'));
    expect(await resolveInWorkspace(root, './sub/../sub/ü b.txt')).toBe(join(root, 'sub', 'ü b.txt'));
    expect(await resolveInWorkspace(root, join(root, 'a.txt'))).toBe(join(root, 'a.txt'));
    expect(await resolveInWorkspace(root, '..dots')).toBe(join(root, '..dots'));
    expect(await resolveInWorkspace(root, 'sub')).toBe(join(root, 'sub'));
    expect(await resolveInWorkspace(root, '.')).toBe(root);
  });

  it('works through a workspace that is itself a link', async () => {
    await symlink(root, join(base, 'alias'));
    const alias = join(base, 'alias');
    expect(await resolveInWorkspace(alias, 'a.txt')).toBe(join(root, 'a.txt'));
    expect(await resolveInWorkspace(alias, join(alias, 'a.txt'))).toBe(join(root, 'a.txt'));
    expect(await resolveInWorkspace(alias, join(root, 'a.txt'))).toBe(join(root, 'a.txt'));
  });

  it('follows links that stay inside', async () => {
    await symlink('sub/ü b.txt', join(root, 'link'));
    expect(await resolveInWorkspace(root, 'link')).toBe(join(root, 'sub', 'ü b.txt'));
  });

  it.each(['../outside/secret.txt', 'sub/../../outside/secret.txt', '/etc/passwd', '..', '../root2/x', '/', '../missing'])(
    'refuses %s, whether or not it exists',
    async (path) => {
      await expect(resolveInWorkspace(root, path)).rejects.toMatchObject(rejected('PATH_OUTSIDE_WORKSPACE'));
    },
  );

  it('refuses links that leave, also by a folder, a chain, and to what does not exist there', async () => {
    await symlink('../outside/secret.txt', join(root, 'file'));
    await symlink('../outside', join(root, 'folder'));
    await symlink('file', join(root, 'chain'));
    for (const path of ['file', 'folder', 'folder/secret.txt', 'chain', 'folder/missing.txt', 'folder/missing/deep.txt']) {
      await expect(resolveInWorkspace(root, path)).rejects.toMatchObject(rejected('PATH_OUTSIDE_WORKSPACE'));
    }
  });

  it.each(['missing.txt', 'missing/deep.txt', 'a.txt/below'])('says that %s does not exist', async (path) => {
    await expect(resolveInWorkspace(root, path)).rejects.toMatchObject({
      ...rejected('FILE_NOT_FOUND'),
      message: expect.stringContaining(path) as string,
    });
  });

  it('refuses a link in a circle', async () => {
    await symlink('two', join(root, 'one'));
    await symlink('one', join(root, 'two'));
    await expect(resolveInWorkspace(root, 'one')).rejects.toMatchObject(rejected('SYMLINK_BROKEN'));
  });

  it.each([
    ['an empty path', ''],
    ['a NUL byte', 'a.txt\0.png'],
    ['a name that is too long', 'x'.repeat(5_000)],
    ['a number', 7],
    ['nothing', undefined],
    ['an object', { toString: () => 'a.txt' }],
  ])('refuses %s', async (_, path) => {
    await expect(resolveInWorkspace(root, path as string)).rejects.toMatchObject(rejected('PATH_INVALID'));
  });

  it('says that the workspace does not exist', async () => {
    await expect(resolveInWorkspace(join(base, 'gone'), 'a.txt')).rejects.toMatchObject(rejected('WORKSPACE_NOT_FOUND'));
  });

  it('keeps messages short', async () => {
    const error: unknown = await resolveInWorkspace(root, 'x/'.repeat(2_000)).catch((thrown: unknown) => thrown);
    expect((error as Error).message.length).toBeLessThan(6_000);
  });
});

describe('for writing', () => {
  const write = (path: string) => resolveInWorkspace(root, path, { for: 'write' });

  it('takes a file that does not exist yet, or does', async () => {
    expect(await write('new.zip')).toBe(join(root, 'new.zip'));
    expect(await write('a.txt')).toBe(join(root, 'a.txt'));
    expect(await write(join(root, 'sub', 'new.zip'))).toBe(join(root, 'sub', 'new.zip'));
  });

  it('writes through links that stay inside', async () => {
    await symlink('sub', join(root, 'folder'));
    await symlink('a.txt', join(root, 'link'));
    expect(await write('folder/new.zip')).toBe(join(root, 'sub', 'new.zip'));
    expect(await write('link')).toBe(join(root, 'a.txt'));
  });

  it('refuses links that leave, in the last place and before it', async () => {
    await symlink('../outside', join(root, 'folder'));
    await symlink('../outside/secret.txt', join(root, 'file'));
    for (const path of ['folder/new.zip', 'folder/deep/new.zip', 'file', '../outside/new.zip', '/tmp/new.zip']) {
      await expect(write(path)).rejects.toMatchObject(rejected('PATH_OUTSIDE_WORKSPACE'));
    }
  });

  it('refuses a link to nothing, which would be written through to wherever it leads', async () => {
    await symlink('../outside/new.txt', join(root, 'leaves'));
    await symlink('nowhere.txt', join(root, 'dangles'));
    await symlink('circle', join(root, 'circle'));
    for (const path of ['leaves', 'dangles', 'circle']) await expect(write(path)).rejects.toMatchObject(rejected('SYMLINK_BROKEN'));
  });

  it('names the folder that is missing', async () => {
    await expect(write('missing/new.zip')).rejects.toMatchObject({
      ...rejected('FOLDER_NOT_FOUND'),
      message: expect.stringContaining(join(root, 'missing')) as string,
    });
    await expect(write('a.txt/new.zip')).rejects.toMatchObject(rejected('FOLDER_NOT_FOUND'));
  });

  it.each(['.', 'sub/', 'sub/.', 'sub/..', './'])('refuses %s, which is a folder', async (path) => {
    await expect(write(path)).rejects.toMatchObject(rejected('PATH_INVALID'));
  });
});
