import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { validate as findingsIn } from 'dockerfile-utils';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { IRestateCluster, IRestateDeployment } from './restate-operator.ts';
import { root } from './workspace.ts';

const deploy = join(root, 'deploy');

interface Resource {
  apiVersion: string;
  kind: string;
}

const resources = readdirSync(join(deploy, 'kubernetes')).flatMap((file) =>
  parseAllDocuments(readFileSync(join(deploy, 'kubernetes', file), 'utf8'), { strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS() as Resource;
  }),
);

function the<T extends Resource>(kind: T['kind']): T {
  return resources.find((resource) => resource.kind === kind) as T;
}

/** What the compiler says of resources as literals of their types: a field that a type does not have is an error. */
function typeErrors(given: readonly Resource[]): string {
  const folder = mkdtempSync(join(root, '.ci', 'tmp-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const lines = given.flatMap((resource, at) => {
    const { apiVersion, kind } = resource;
    const from = apiVersion.startsWith('restate.dev/') ? '../restate-operator.ts' : `kubernetes-models/${apiVersion}/${kind}`;
    return [`import type { I${kind} as R${at} } from '${from}';`, `export const r${at}: R${at} = ${JSON.stringify(resource)};`];
  });
  writeFileSync(join(folder, 'resources.ts'), lines.join('\n'));
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: 'nodenext',
    target: 'es2024',
    allowImportingTsExtensions: true,
    types: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['resources.ts'] }));
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('the Kubernetes example', () => {
  test('has fields that there are, with values that they take', () => {
    expect(typeErrors(resources)).toBe('');
    const policy = structuredClone(the<Resource & { spec: Record<string, unknown> }>('NetworkPolicy'));
    policy.spec.podSelektor = policy.spec.podSelector;
    expect(typeErrors([policy])).toMatch(/podSelektor.*does not exist/);
  });

  test('lets Restate call the workers, and nobody else', () => {
    const { spec } = the<IRestateDeployment>('RestateDeployment');
    const cluster = the<IRestateCluster>('RestateCluster').metadata.name;
    expect(spec.restate.register).toEqual({ cluster });
    expect(spec.template.metadata?.labels).toMatchObject({ ...spec.selector.matchLabels, [`allow.restate.dev/${cluster}`]: 'true' });
    expect(spec.template.spec?.containers[0]?.ports?.map(({ name }) => name)).toEqual(['restate', 'health']);
    const policy = the<Resource & { spec: { ingress: { ports: { port: string }[] }[] } }>('NetworkPolicy').spec;
    expect(policy.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual(['restate']);
  });
});

test('the container file has nothing wrong with it', () => {
  const text = readFileSync(join(deploy, 'Dockerfile'), 'utf8');
  expect(findingsIn(text)).toEqual([]);
  expect(findingsIn(text.replace('USER node', 'USERS node'))).not.toEqual([]);
});
