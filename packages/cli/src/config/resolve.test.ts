import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CliError } from '../errors.ts';
import { resolveConfig } from './resolve.ts';

function project(files: Record<string, string> = {}): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'maestro-config-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

async function refusal(run: Promise<unknown>): Promise<CliError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CliError)) throw new Error(`expected a CliError, found ${String(error)}`);
  return error;
}

describe('without a file', () => {
  test('everything has a default', async () => {
    const cwd = project();
    expect(await resolveConfig({}, { cwd, env: {} })).toEqual({
      root: cwd,
      catalogs: [path.join(cwd, 'runbooks')],
      packages: ['@summit/maestro-tasks-core'],
      engine: { kind: 'embedded', dir: path.join(cwd, '.maestro') },
      history: { sqlite: path.join(cwd, '.maestro/history.db') },
      artifacts: { dir: path.join(cwd, '.maestro/artifacts'), inlineLimit: 262144 },
      limits: {},
      workspace: cwd,
      secrets: [{ files: '/run/secrets' }, { env: 'MAESTRO_SECRET_' }],
      identity: { user: userInfo().username, roles: [] },
      preApproval: false,
      egress: { allow: [] },
      trustedCatalogs: [],
    });
  });
});

describe('with a file', () => {
  const json = JSON.stringify({
    catalogs: ['ours', './theirs'],
    packages: ['@acme/tasks', './local-tasks'],
    engine: { ingressUrl: 'http://restate:8080', adminUrl: 'http://restate:9070' },
    history: { file: 'past.db', retention: '90d' },
    artifacts: { dir: 'store', inlineLimit: 1000 },
    workspace: 'files',
    secrets: [{ files: 'secrets' }],
    identity: { user: 'ada', roles: ['sre'] },
    signing: { keyFile: 'key.pem' },
    preApproval: true,
    egress: { allow: ['*.internal', '10.0.0.0/8:5432'] },
    trustedCatalogs: ['ours'],
  });

  test('paths start from its folder, from wherever the command is called in the working tree', async () => {
    const root = project({ 'maestro.config.json': json, '.git/HEAD': '', 'deep/er/x': '' });
    expect(await resolveConfig({}, { cwd: path.join(root, 'deep/er'), env: {} })).toEqual({
      file: path.join(root, 'maestro.config.json'),
      root,
      catalogs: [path.join(root, 'ours'), path.join(root, 'theirs')],
      packages: ['@acme/tasks', path.join(root, 'local-tasks')],
      engine: { kind: 'remote', ingressUrl: 'http://restate:8080', adminUrl: 'http://restate:9070' },
      history: { sqlite: path.join(root, 'past.db'), retentionMs: 90 * 86_400_000 },
      artifacts: { dir: path.join(root, 'store'), inlineLimit: 1000 },
      limits: {},
      workspace: path.join(root, 'files'),
      secrets: [{ files: path.join(root, 'secrets') }],
      identity: { user: 'ada', roles: ['sre'] },
      signing: { keyFile: path.join(root, 'key.pem') },
      preApproval: true,
      egress: { allow: ['*.internal', '10.0.0.0/8:5432'] },
      trustedCatalogs: [path.join(root, 'ours')],
    });
  });

  test('a file above the working tree, or above any folder outside of one, is not ours', async () => {
    const root = project({ 'maestro.config.json': json, 'repo/.git/HEAD': '', 'loose/x': '' });
    expect((await resolveConfig({}, { cwd: path.join(root, 'repo'), env: {} })).file).toBeUndefined();
    expect((await resolveConfig({}, { cwd: path.join(root, 'loose'), env: {} })).file).toBeUndefined();
  });

  test('TypeScript is run as it is', async () => {
    const root = project({ 'maestro.config.ts': 'const roles: string[] = ["sre"];\nexport default { identity: { roles } };\n' });
    expect((await resolveConfig({}, { cwd: root, env: {} })).identity.roles).toEqual(['sre']);
  });

  test('a catalog may be an npm package', async () => {
    const root = project({
      'maestro.config.json': '{"catalogs": ["@acme/runbooks", "absent-package"]}',
      'node_modules/@acme/runbooks/package.json': '{"name": "@acme/runbooks"}',
    });
    expect((await resolveConfig({}, { cwd: root, env: {} })).catalogs).toEqual([
      path.join(root, 'node_modules/@acme/runbooks'),
      path.join(root, 'absent-package'),
    ]);
  });

  test('artifacts may be kept in a bucket, with copies in a folder', async () => {
    const artifacts = async (inFile: unknown, env: Record<string, string> = {}) => {
      const cwd = project({ 'maestro.config.json': JSON.stringify({ artifacts: inFile }) });
      const resolved = (await resolveConfig({}, { cwd, env })).artifacts;
      return { ...resolved, dir: path.relative(cwd, resolved.dir) };
    };
    const byDefault = { dir: '.maestro/artifacts', inlineLimit: 262144 };
    expect(await artifacts('s3://acme-runs')).toEqual({ ...byDefault, s3: { bucket: 'acme-runs' } });
    expect(await artifacts('s3://acme-runs/maestro/prod/')).toEqual({ ...byDefault, s3: { bucket: 'acme-runs', prefix: 'maestro/prod/' } });
    const s3 = { bucket: 'acme-runs', endpoint: 'https://minio.internal:9000', encryption: 'AES256' };
    const all = { dir: 'copies', copiesBytes: 1000, inlineLimit: 7, s3 };
    expect(await artifacts(all)).toEqual(all);
    expect(await artifacts('store', { MAESTRO_ARTIFACTS: 's3://acme-runs/x' })).toEqual({
      ...byDefault,
      dir: 'store',
      s3: { bucket: 'acme-runs', prefix: 'x/' },
    });
    expect(await artifacts({ s3 }, { MAESTRO_ARTIFACTS: 'here' })).toEqual({ ...byDefault, dir: 'here' });
    await expect(artifacts('s3:/acme')).rejects.toMatchObject({
      problems: ['artifacts: expected a folder or s3://bucket/prefix, found "s3:/acme"'],
    });
    await expect(artifacts({ s3: { prefix: 'x' } })).rejects.toMatchObject({ problems: ['artifacts.s3.bucket is missing'] });
    await expect(artifacts('store', { MAESTRO_ARTIFACTS: 's3://No' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('option, then environment, then file', async () => {
    const root = project({ 'maestro.config.json': json, '.git/HEAD': '', 'here/x': '' });
    const cwd = path.join(root, 'here');
    const env = {
      MAESTRO_CATALOGS: 'env-a, env-b',
      MAESTRO_PACKAGES: '@env/tasks',
      MAESTRO_WORKSPACE: 'env-files',
      MAESTRO_ARTIFACTS: 'env-store',
      MAESTRO_HISTORY: 'env.db',
      MAESTRO_ENGINE: 'in-process',
      MAESTRO_USER: 'grace',
      MAESTRO_SIGNING_KEY_FILE: 'env.pem',
      MAESTRO_EGRESS_ALLOW: 'env.internal, 127.0.0.1:8080',
    };
    const fromEnv = await resolveConfig({}, { cwd, env });
    expect(fromEnv).toMatchObject({
      catalogs: [path.join(cwd, 'env-a'), path.join(cwd, 'env-b')],
      packages: ['@env/tasks'],
      limits: {},
      workspace: path.join(cwd, 'env-files'),
      artifacts: { dir: path.join(cwd, 'env-store'), inlineLimit: 1000 },
      engine: { kind: 'in-process' },
      history: { sqlite: path.join(cwd, 'env.db'), retentionMs: 90 * 86_400_000 },
      identity: { user: 'grace', roles: ['sre'] },
      signing: { keyFile: path.join(cwd, 'env.pem') },
      egress: { allow: ['env.internal', '127.0.0.1:8080'] },
    });
    const fromOptions = await resolveConfig(
      { catalog: ['opt'], package: ['@opt/tasks'], workspace: '..', history: 'postgres://db/x' },
      { cwd, env },
    );
    expect(fromOptions.history).toEqual({
      postgres: 'postgres://db/x',
      outbox: path.join(root, '.maestro/history-outbox.db'),
      retentionMs: 90 * 86_400_000,
    });
    expect(fromOptions).toMatchObject({ catalogs: [path.join(cwd, 'opt')], packages: ['@opt/tasks'], workspace: root });
  });

  test('--config and MAESTRO_CONFIG name another file', async () => {
    const cwd = project({ 'a.json': '{"identity": {"user": "a"}}', 'b.json': '{"identity": {"user": "b"}}' });
    expect((await resolveConfig({}, { cwd, env: { MAESTRO_CONFIG: 'a.json' } })).identity.user).toBe('a');
    expect((await resolveConfig({ config: 'b.json' }, { cwd, env: { MAESTRO_CONFIG: 'a.json' } })).identity.user).toBe('b');
  });
});

describe('what is wrong is said, all at once', () => {
  test('keys that do not exist, values of another kind, settings this version does not honour', async () => {
    const cwd = project({
      'maestro.config.json': JSON.stringify({
        catalogues: ['x'],
        packages: 'one',
        engine: 'embeded',
        artifacts: { inlineLimit: '1MB' },
        identity: { role: ['sre'] },
        secrets: [{ vault: 'x' }, { files: 'a', env: 'B' }],
        signing: {},
        preApproval: 'yes',
        egress: { allow: ['https://api.internal:8443/v1', '10.0.0.0/33', '2130706433', '*'] },
        policy: { opa: 'http://x' },
        history: { url: 'mysql://root:secret@db/x', retention: '90' },
        color: 'blue',
      }),
    });
    const error = await refusal(resolveConfig({}, { cwd, env: {} }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(path.join(cwd, 'maestro.config.json'));
    expect(error.problems).toEqual([
      'unknown key "catalogues"; did you mean "catalogs"?',
      'packages: expected a list, found "one"',
      'engine: unknown engine "embeded"; did you mean "embedded"?',
      'artifacts.inlineLimit: expected a whole number of bytes, found "1MB"',
      'unknown key "role" in identity; did you mean "roles"?',
      'unknown key "vault" in secrets[0]; there are: files, env',
      'secrets[1] must have exactly one of files, env',
      'signing.keyFile is missing',
      'preApproval: expected true or false, found "yes"',
      ...[
        '[0]: EXPECTED, found "https://api.internal:8443/v1": it is a URL; only host and port are said; did you mean "api.internal:8443"?',
        '[1]: EXPECTED, found "10.0.0.0/33": the prefix length is "33"; for 10.0.0.0 it is 0 to 32; did you mean "10.0.0.0"?',
        '[2]: EXPECTED, found "2130706433": it is another way to write the address 127.0.0.1; did you mean "127.0.0.1"?',
        '[3]: EXPECTED, found "*": everything would be allowed; did you mean "*.example.org"?',
      ].map((text) =>
        `egress.allow${text}`.replace(
          'EXPECTED',
          'expected a host such as api.internal or *.internal, an address or a range such as 10.0.0.0/8, each with :port if you like',
        ),
      ),
      '"policy" is not honoured by this version: no policy is asked yet; remove the key',
      'history.url: expected a file or a postgres:// URL, found another URL',
      'history.retention: expected a duration such as 90d or 12h, found "90"',
      'unknown key "color"; there are: catalogs, packages, engine, history, artifacts, pools, limits, workspace, secrets, identity, signing, preApproval, egress, trustedCatalogs, telemetry',
    ]);
  });

  test.each([
    ['not JSON', { 'maestro.config.json': '{ "a": ' }, 'CONFIG_UNREADABLE', /not JSON/],
    ['a list', { 'maestro.config.json': '[]' }, 'CONFIG_INVALID', /is wrong/],
    ['TypeScript that does not parse', { 'maestro.config.ts': 'export default {' }, 'CONFIG_UNREADABLE', /cannot read the configuration/],
    ['TypeScript that throws', { 'maestro.config.ts': 'throw new Error("no VAULT_ADDR");' }, 'CONFIG_UNREADABLE', /no VAULT_ADDR/],
    ['TypeScript without a default export', { 'maestro.config.ts': 'export const x = 1;' }, 'CONFIG_UNREADABLE', /no default export/],
    ['two files', { 'maestro.config.ts': 'export default {};', 'maestro.config.json': '{}' }, 'CONFIG_AMBIGUOUS', /two configurations/],
  ])('%s', async (_, files, code, message) => {
    const error = await refusal(resolveConfig({}, { cwd: project(files), env: {} }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.next).toBeDefined();
  });

  test.each(['absent.json', 'absent.ts', '.'])('--config %s', async (config) => {
    const error = await refusal(resolveConfig({ config }, { cwd: project(), env: {} }));
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toContain('cannot read the configuration');
  });

  test('the environment', async () => {
    const cwd = project();
    expect(await refusal(resolveConfig({}, { cwd, env: { MAESTRO_ENGINE: 'restate' } }))).toMatchObject({
      code: 'CONFIG_INVALID',
      problems: ['engine: unknown engine "restate"; there are: embedded, in-process'],
    });
    const half = await refusal(resolveConfig({}, { cwd, env: { RESTATE_ADMIN_URL: 'http://x' } }));
    expect(half.message).toBe('RESTATE_ADMIN_URL is set, but RESTATE_INGRESS_URL is not');
  });
});

describe('a Restate that somebody else runs', () => {
  test('is named by the file, and its addresses, keys and pools by the environment before that', async () => {
    const engine = {
      ingressUrl: 'http://a:8080',
      adminUrl: 'http://a:9070',
      identityKeys: ['publickeyv1_a'],
      host: '10.0.0.1',
      port: 9000,
    };
    const cwd = project({ 'maestro.config.json': JSON.stringify({ engine, pools: ['gpu'], limits: { tasksAtOnce: 5 } }) });
    expect(await resolveConfig({}, { cwd, env: {} })).toMatchObject({
      engine: { kind: 'remote', ...engine },
      pools: ['gpu'],
      limits: { tasksAtOnce: 5 },
    });
    const env = {
      RESTATE_INGRESS_URL: 'http://b:8080, http://c:8080',
      RESTATE_ADMIN_URL: 'http://b:9070',
      MAESTRO_ADVERTISED_URL: 'http://w:9080',
      MAESTRO_POOLS: 'gpu,default',
    };
    expect(await resolveConfig({}, { cwd, env })).toMatchObject({
      engine: { ...engine, ingressUrl: ['http://b:8080', 'http://c:8080'], adminUrl: 'http://b:9070', advertisedUrl: 'http://w:9080' },
      pools: ['gpu', 'default'],
    });
    const wrong = { engine: { ...engine, ingressUrl: [], port: 70_000 }, pools: ['GPU'], limits: { queuedRuns: 0 } };
    const other = project({ 'maestro.config.json': JSON.stringify(wrong) });
    expect(await refusal(resolveConfig({}, { cwd: other, env: {} }))).toMatchObject({
      problems: [
        expect.stringMatching(/engine\.ingressUrl: expected an http\(s\) URL, or several/),
        expect.stringMatching(/engine\.port: expected a port/),
        expect.stringMatching(/pools\[0\]: expected a kebab-case pool name/),
        expect.stringMatching(/limits\.queuedRuns: expected a whole number, 1 or more/),
      ],
    });
  });
});
