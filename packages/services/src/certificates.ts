import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { locked } from './lock.ts';
import { run } from './programs.ts';

export interface KeyPair {
  /** Certificate, PEM. */
  cert: string;
  /** Private key, PEM (PKCS #8). */
  key: string;
}

/** Certificates for tests, all PEM texts. */
export interface Certificates {
  /** The authority that signed all of them but `stranger`. */
  ca: string;
  /** For localhost and 127.0.0.1: what the servers of this package have. */
  server: KeyPair;
  /** For other.example: the name does not fit a server on this machine. */
  wrongName: KeyPair;
  /** For localhost and 127.0.0.1, expired. */
  expired: KeyPair;
  /** Of a client, with the common name `maestro-client`. */
  client: KeyPair;
  /** Of a client and a server (localhost, 127.0.0.1), signed by an authority that nobody trusts. */
  stranger: KeyPair;
  /** That other authority. */
  strangerCa: string;
  /** The folder with all of them in files: `<name>.pem` and `<name>.key`. */
  folder: string;
}

const HERE = 'DNS:localhost,IP:127.0.0.1';

const LEAVES = [
  { name: 'server', subject: '/CN=localhost', names: HERE },
  { name: 'wrongName', subject: '/CN=other.example', names: 'DNS:other.example' },
  { name: 'expired', subject: '/CN=localhost', names: HERE, days: ['20200101000000Z', '20200201000000Z'] },
  { name: 'client', subject: '/CN=maestro-client', names: 'DNS:maestro-client' },
  { name: 'stranger', subject: '/CN=maestro-client', names: HERE, by: 'strangerCa' },
];

/** The certificates of this machine, made by openssl the first time. They never leave the cache folder. */
export async function certificates(): Promise<Certificates> {
  const folder = join(cacheFolder(), 'certificates-r1');
  if (!existsSync(folder)) {
    await locked('certificates', async () => {
      if (!existsSync(folder)) await make(folder);
    });
  }
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  const pair = (name: string): KeyPair => ({ cert: text(`${name}.pem`), key: text(`${name}.key`) });
  return {
    ca: text('ca.pem'),
    server: pair('server'),
    wrongName: pair('wrongName'),
    expired: pair('expired'),
    client: pair('client'),
    stranger: pair('stranger'),
    strangerCa: text('strangerCa.pem'),
    folder,
  };
}

async function make(folder: string): Promise<void> {
  const next = `${folder}.new`;
  rmSync(next, { recursive: true, force: true });
  cacheFolder('certificates-r1.new');
  const openssl = (...args: string[]) => run('openssl', args, { cwd: next });
  const request = (name: string, subject: string) => [
    'req',
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', `${name}.key`, '-subj', subject, '-config', 'openssl.cnf'],
  ];
  writeFileSync(join(next, 'openssl.cnf'), CONFIGURATION);
  for (const [name, subject] of [
    ['ca', '/CN=maestro test authority'],
    ['strangerCa', '/CN=authority nobody trusts'],
  ] as const) {
    await openssl(...request(name, subject), '-x509', '-days', '3650', '-extensions', 'authority', '-out', `${name}.pem`);
  }
  for (const { name, subject, names, by = 'ca', days = [YEARS_AGO, YEARS_AHEAD] } of LEAVES) {
    const env = { ...process.env, NAMES: names, AUTHORITY: by };
    writeFileSync(join(next, 'index.txt'), '');
    await openssl(...request(name, subject), '-out', `${name}.csr`);
    const [start = '', end = ''] = days;
    const sign = ['ca', '-batch', '-config', 'openssl.cnf', '-notext', '-startdate', start, '-enddate', end];
    await run('openssl', [...sign, '-in', `${name}.csr`, '-out', `${name}.pem`], { cwd: next, env });
  }
  renameSync(next, folder);
}

const YEARS_AGO = '20240101000000Z';
const YEARS_AHEAD = '20491231235959Z';

const CONFIGURATION = `
NAMES = DNS:localhost
AUTHORITY = ca
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
default_ca = tests
[tests]
database = index.txt
new_certs_dir = .
rand_serial = yes
certificate = $ENV::AUTHORITY.pem
private_key = $ENV::AUTHORITY.key
default_md = sha256
policy = anything
unique_subject = no
x509_extensions = leaf
[anything]
commonName = supplied
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = $ENV::NAMES
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
