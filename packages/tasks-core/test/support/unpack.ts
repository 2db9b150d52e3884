import { openPromise } from 'yauzl';

/** The entries of a zip: name -> content as text. */
export async function unpack(path: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  const zip = await openPromise(path);
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    entries[entry.fileName] = Buffer.concat(chunks).toString();
  }
  return entries;
}
