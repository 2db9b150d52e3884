import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Rule } from '../src/lint/define.ts';
import { rules } from '../src/lint/rules/index.ts';

/** Where the pages are. */
export const folder = fileURLToPath(new URL('../../../docs/rules/', import.meta.url));

/** The pages of the rule reference: file name -> Markdown. */
export function pages(): Map<string, string> {
  return new Map([['README.md', index()], ...rules.map((rule): [string, string] => [`${rule.code}.md`, page(rule)])]);
}

function index(): string {
  const rows = rules.map(({ code, severity, doc }) => `| [\`${code}\`](${code}.md) | ${severity} | ${doc} |`);
  return `# What \`maestro lint\` finds

Generated from the rules by \`node packages/manifest/scripts/rule-docs.ts\`; edit a rule, not its page.

| code | severity | finds |
|---|---|---|
${rows.join('\n')}
`;
}

function page({ code, severity, doc, details, examples }: Rule): string {
  return `# ${code}

${doc.charAt(0).toUpperCase()}${doc.slice(1)}. Severity: ${severity}.

${details}

Wrong:

\`\`\`yaml
${examples.bad}\`\`\`

Right:

\`\`\`yaml
${examples.good}\`\`\`

Generated from \`packages/manifest/src/lint/rules/${code}.ts\`.
`;
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await mkdir(folder, { recursive: true });
  const wanted = pages();
  for (const name of await readdir(folder)) if (!wanted.has(name)) await rm(path.join(folder, name));
  for (const [name, text] of wanted) await writeFile(path.join(folder, name), text);
}
