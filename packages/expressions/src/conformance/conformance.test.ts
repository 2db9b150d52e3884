import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import { describe, expect, it } from 'vitest';
import { type ConformanceTest, failureOf } from './run.ts';

/*
 * CEL's own conformance data against our parser, checker and evaluator. What fails has to be listed, with its reason, in
 * docs/cel-conformance.md, and what is listed has to fail: neither a regression nor a progress goes by unseen.
 */
interface Suite {
  name: string;
  suites?: Suite[];
  tests?: { original: unknown }[];
}

interface Outcome {
  /** `file/section/test`. */
  path: string;
  failure: string | undefined;
}

function outcomes(suite: Suite, path: string): Outcome[] {
  return [
    ...(suite.tests ?? []).map(({ original }) => {
      const test = original as ConformanceTest;
      return { path: `${path}/${test.name}`, failure: failureOf(test) };
    }),
    ...(suite.suites ?? []).flatMap((part) => outcomes(part, `${path}/${part.name}`)),
  ];
}

const page = readFileSync(fileURLToPath(new URL('../../../../docs/cel-conformance.md', import.meta.url)), 'utf8');
const listed = [...page.matchAll(/^- `([^`]+)`/gm)].map((match) => match[1] as string);
const matches = (pattern: string, path: string) => (pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern);

describe("CEL's conformance tests", () => {
  const files = (tests as Suite).suites ?? [];
  const all = files.map((file) => ({ file: file.name, found: outcomes(file, file.name) })).filter(({ found: of }) => of.length > 0);
  const found = all.flatMap((each) => each.found);
  const failed = found.filter(({ failure }) => failure !== undefined);

  it('fail only where it is listed why', () => {
    const unlisted = failed.filter(({ path }) => !listed.some((pattern) => matches(pattern, path)));
    expect(unlisted.map(({ path, failure }) => `${path}: ${failure}`)).toEqual([]);
  });

  it('are listed only where they fail', () => {
    const idle = listed.filter((pattern) => !found.some(({ path, failure }) => failure !== undefined && matches(pattern, path)));
    expect(idle).toEqual([]);
    const passing = found.filter(({ path, failure }) => failure === undefined && listed.some((pattern) => matches(pattern, path)));
    expect(passing.map(({ path }) => path)).toEqual([]);
  });

  it('are as many as the page says', () => {
    const rows = all.map(({ file, found: of }) => {
      const wrong = of.filter(({ failure }) => failure !== undefined).length;
      return `| ${file} | ${of.length - wrong} | ${wrong} |`;
    });
    rows.push(`| **all** | **${found.length - failed.length}** | **${failed.length}** |`);
    process.stdout.write(`CEL conformance: ${found.length - failed.length} passed, ${failed.length} failed\n${rows.join('\n')}\n`);
    expect(page.split('\n').filter((line) => /^\| .* \| \**\d/.test(line))).toEqual(rows);
  });
});
