import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './workspace.ts';

/** Markdown without code, in which brackets and parentheses are not links. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
}

const pages = execFileSync('git', ['ls-files', '-z', '*.md'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  // What is kept in notes stands in the pages, and its links start there.
  .filter((file) => file !== '' && !file.startsWith('docs/tasks/notes/') && existsSync(join(root, file)));

test.each(pages)('%s links to files that are there', (page) => {
  const links = [...prose(readFileSync(join(root, page), 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const files = links.filter((target) => !/^(?:[a-z]+:|#)/.test(target)).map((target) => target.replace(/#.*/, ''));
  const missing = files.filter((file) => !existsSync(join(root, dirname(page), decodeURI(file))));
  expect(missing).toEqual([]);
});

test('the index of decisions lists every record, under its title', () => {
  const folder = join(root, 'docs/decisions');
  const records = readdirSync(folder).filter((file) => /^\d{4}-/.test(file));
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  const lines = records.map((file) => {
    const title = /^# (\d+)\. (.+)$/m.exec(readFileSync(join(folder, file), 'utf8'));
    return `| ${title?.[1]} | [${title?.[2]}](${file}) |`;
  });
  expect(index.split('\n').filter((line) => /^\| \d/.test(line))).toEqual(
    lines.sort((a, b) => Number(a.split(' ')[1]) - Number(b.split(' ')[1])),
  );
  expect(records.map((file) => Number(file.slice(0, 4)))).toEqual(records.map((_, at) => at + 1));
});
