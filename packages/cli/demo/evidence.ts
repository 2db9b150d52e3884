import { createHash, generateKeyPairSync } from 'node:crypto';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';

const WORDS =
  'the committee found that on this day a payment was made to the account of which no record had been kept by any of those who signed it'.split(
    ' ',
  );

/** Size of the largest file, in bytes. */
export const MAILBOX_BYTES = 220 * 1024 * 1024;

/** Files as they come in a real disclosure: text, tables, pictures, mail; small and large; two of one name, one in another script. */
export async function makeEvidence(folder: string): Promise<{ path: string; description: string; bytes: number }[]> {
  const noise = bytes('picture', 3 * 1024 * 1024);
  const files: { path: string; description: string; content: string | Buffer }[] = [
    { path: 'evidence/2023/report.txt', description: 'Audit report of 2023', content: prose(1, 40_000) },
    { path: 'evidence/2024/report.txt', description: 'Audit report of 2024, same file name', content: prose(2, 60_000) },
    { path: 'evidence/Übergabe-протокол-引き継ぎ.txt', description: 'Handover record, name in three scripts', content: prose(3, 2_000) },
    { path: 'evidence/payments.csv', description: 'Ledger extract', content: ledger(60_000) },
    { path: 'evidence/scan.png', description: 'Scanned contract', content: Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), noise]) },
    { path: 'evidence/empty.log', description: 'The log that should not be empty', content: '' },
  ];
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  await mailbox(join(folder, 'evidence/mailbox.mbox'));
  return [
    ...files.map(({ path, description, content }) => ({ path, description, bytes: Buffer.byteLength(content) })),
    { path: 'evidence/mailbox.mbox', description: 'Mailbox of the finance department', bytes: MAILBOX_BYTES },
  ];
}

/** An Ed25519 key pair in PEM, as `openssl genpkey -algorithm ed25519` would make one. */
export function makeKeys(folder: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(folder, 'signing-key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'signing-key.pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
}

/** Bytes that do not compress and are the same every time. */
function bytes(seed: string, size: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < size; i++) blocks.push(createHash('sha256').update(`${seed}${i}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

function prose(seed: number, words: number): string {
  let state = seed;
  const text: string[] = [];
  for (let i = 0; i < words; i++) {
    state = (state * 48_271) % 2_147_483_647;
    text.push(WORDS[state % WORDS.length] ?? '');
  }
  return `${text.join(' ')}\n`;
}

function ledger(rows: number): string {
  let state = 7;
  const lines = ['date,account,amount'];
  for (let i = 0; i < rows; i++) {
    state = (state * 48_271) % 2_147_483_647;
    lines.push(
      `2024-${String((i % 12) + 1).padStart(2, '0')}-${String((i % 28) + 1).padStart(2, '0')},DE${state},${(state % 1_000_000) / 100}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Mail with attachments: half of it text, half of it base64 of what does not compress. */
async function mailbox(file: string): Promise<void> {
  const stream = createWriteStream(file);
  const attachment = bytes('attachment', 192 * 1024)
    .toString('base64')
    .replaceAll(/(.{76})/g, '$1\n');
  let written = 0;
  for (let mail = 0; written < MAILBOX_BYTES; mail++) {
    const text = Buffer.from(`From finance@example.com\nSubject: Payment ${mail}\n\n${prose(mail + 1, 40_000)}\n${attachment}\n\n`);
    const part = text.subarray(0, MAILBOX_BYTES - written);
    written += part.length;
    if (!stream.write(part)) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
  }
  stream.end();
  await finished(stream);
}
